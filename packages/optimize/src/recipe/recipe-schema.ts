/** Recipes as one JSON Schema. */
import type { Json } from '@espalier/nn';
import { passTypes } from './parse.ts';
import { presetNames } from './presets.ts';
import { optionSchemas, type Schema } from './schemas.ts';

/** What a pass of a type looks like in JSON; one that others have registered may have any options. */
function stepSchema(type: string): Schema {
  const { properties = {}, required = [], ...rest } = optionSchemas[type] ?? { type: 'object' };
  return {
    ...rest,
    properties: { type: { const: type }, ...(properties as Schema) },
    required: ['type', ...(required as readonly string[])],
  };
}

/**
 * The JSON Schema (draft 2020-12) of recipes as `parseRecipe` reads them, in JSON or YAML: with all types of passes that are known
 * now, those that were registered among them.
 */
export function recipeSchema(): Json {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'A recipe of Espalier: passes that make a model smaller, in order',
    type: 'array',
    items: {
      anyOf: [
        { $ref: '#/$defs/pass' },
        {
          type: 'object',
          properties: { together: { type: 'array', items: { $ref: '#/$defs/pass' } } },
          required: ['together'],
          additionalProperties: false,
          description: 'Passes that share one training.',
        },
        {
          type: 'object',
          properties: { include: { enum: [...presetNames] } },
          required: ['include'],
          additionalProperties: false,
          description: 'The passes of a preset.',
        },
      ],
    },
    $defs: { pass: { anyOf: passTypes.map(stepSchema) } },
  };
}
