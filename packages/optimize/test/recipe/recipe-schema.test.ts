import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  parseRecipe,
  passTypes,
  presetNames,
  presets,
  recipeJson,
  recipeSchema,
  registerPass,
  quantize,
} from '../../src/index.ts';

interface Schema {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly $ref?: string;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly $defs?: Readonly<Record<string, Schema>>;
}

const built = recipeSchema() as Schema;

/** As much of JSON Schema as recipes use. */
function fits(value: unknown, schema: Schema): boolean {
  if (schema.$ref) return fits(value, built.$defs?.[schema.$ref.slice('#/$defs/'.length)] as Schema);
  if (schema.anyOf && !schema.anyOf.some((each) => fits(value, each))) return false;
  if (schema.enum && !schema.enum.includes(value)) return false;
  if ('const' in schema && schema.const !== value) return false;
  const is: Readonly<Record<string, (value: unknown) => boolean>> = {
    number: (each) => typeof each === 'number',
    integer: Number.isInteger,
    string: (each) => typeof each === 'string',
    boolean: (each) => typeof each === 'boolean',
    array: Array.isArray,
    object: (each) => typeof each === 'object' && each !== null && !Array.isArray(each),
  };
  if (schema.type && !is[schema.type]?.(value)) return false;
  if (typeof value === 'number') {
    const {
      minimum = -Infinity,
      maximum = Infinity,
      exclusiveMinimum = -Infinity,
      exclusiveMaximum = Infinity,
    } = schema;
    if (value < minimum || value > maximum || value <= exclusiveMinimum || value >= exclusiveMaximum) return false;
  }
  const { items, minItems = 0, properties = {}, required = [], additionalProperties = true } = schema;
  if (Array.isArray(value) && value.length < minItems) return false;
  if (Array.isArray(value) && items) return value.every((each) => fits(each, items));
  if (schema.type !== 'object') return true;
  const entries = Object.entries(value as object);
  if (required.some((name) => !entries.some(([own]) => own === name))) return false;
  return entries.every(([name, each]) => {
    const known = properties[name];
    if (known) return fits(each, known);
    return typeof additionalProperties === 'object' ? fits(each, additionalProperties) : additionalProperties;
  });
}

const right: readonly unknown[] = [
  [{ type: 'quantize', weights: 'int8', calibrate: { examples: 9 }, include: ['*'] }],
  [
    {
      together: [
        { type: 'prune', sparsity: { '0.*': 0.9 }, schedule: { shape: 'cubic', end: 0.7 } },
        { type: 'distill', temperature: { from: 4, to: 1 }, alpha: 0.5 },
      ],
    },
  ],
  [
    {
      type: 'prune',
      sparsity: 0.5,
      train: { epochs: 2, optimizer: { type: 'adam', lr: 0.1 }, schedule: 'cosine', loss: 'mse' },
    },
    { type: 'gptq', bits: 3, group: 32 },
  ],
  [
    { type: 'sparse-gpt', pattern: '2:4', bits: 4 },
    { type: 'encode', format: 'int4', options: { group: 32 } },
  ],
  [
    { type: 'wanda', sparsity: 0.5 },
    { type: 'lottery', rounds: 3, share: 0.2, rewindTo: 1 },
    {
      together: [
        { type: 'low-rank', rank: 4, alpha: 4, others: 'vectors' },
        { type: 'finetune', epochs: 1 },
      ],
    },
  ],
  [
    { type: 'drop-layers', ratio: 0.25 },
    { type: 'fold', exclude: ['0'] },
    { type: 'shrink', ratio: 0.5, structure: ['channel'], roundTo: 8, train: { epochs: 1 } },
  ],
  [
    { type: 'prune', sparsity: 0.5 },
    { type: 'cluster', bits: 3, start: 'linear', train: { epochs: 1 } },
  ],
  [{ type: 'quantize-cache', numbers: 'int4' }],
  [{ type: 'cluster', bits: { '0.weight': 3, '*': 4 }, include: ['*'] }],
  [{ type: 'mixed', bits: 3.5, options: [{ type: 'gptq', bits: 3, scales: 'f16' }], by: 'outputs' }],
  [{ type: 'mixed', bytes: 900, table: { layers: [] } }],
  [{ include: 'tiny' }],
];

describe('the schema of recipes', () => {
  test('has every type of pass, with exactly the options that it takes', () => {
    for (const type of passTypes) {
      const schema = built.$defs?.['pass']?.anyOf?.find(({ properties }) => properties?.['type']?.const === type);
      let message = '';
      try {
        parseRecipe([{ type, 'no-such-option': 1 }]);
      } catch (error) {
        ({ message } = error as Error);
      }
      const [, names = ''] = /there are (.*)$/u.exec(message) ?? [];
      const cache = type === 'distill' ? ['cache'] : [];
      expect(
        [...Object.keys(schema?.properties ?? {}).filter((name) => name !== 'type'), ...cache].toSorted(),
        type,
      ).toEqual(names.split(', ').toSorted());
    }
  });

  test.each(right.map((recipe) => ({ recipe })))('takes what parseRecipe takes: $recipe', ({ recipe }) => {
    expect(fits(recipe, built)).toBe(true);
    expect(fits(recipeJson(parseRecipe(recipe)), built)).toBe(true);
  });

  test.each<{ readonly recipe: unknown; readonly message: RegExp }>([
    { recipe: {}, message: /must be a list/ },
    { recipe: [{ type: 'shrivel' }], message: /needs a type out of/ },
    { recipe: [{ type: 'shrink', ratio: 0.5, scope: 'all' }], message: /scope is/ },
    { recipe: [{ type: 'prune', sparsity: 1 }], message: /sparsity is 1/ },
    { recipe: [{ type: 'quantize', granularity: 'row' }], message: /granularity is/ },
    { recipe: [{ together: [{ together: [] }] }], message: /needs a type out of/ },
    { recipe: [{ include: 'huge' }], message: /include is/ },
    { recipe: [{ type: 'gptq', bits: 5 }], message: /bits is 5/ },
    { recipe: [{ type: 'gptq', scales: 'f64' }], message: /scales is/ },
    { recipe: [{ type: 'cluster', bits: 9 }], message: /bits is 9/ },
    { recipe: [{ type: 'cluster', bits: { '*': 2.5 } }], message: /bits is 2\.5/ },
    { recipe: [{ type: 'mixed', bits: 0 }], message: /bits is 0/ },
    { recipe: [{ type: 'gptq', group: 9 }], message: /group is 9; it must be a power of two/ },
    { recipe: [{ type: 'hqq', group: 8 }], message: /group is 8/ },
    { recipe: [{ type: 'sparse-gpt', sparsity: 0.5, scales: null }], message: /scales is null/ },
    { recipe: [{ type: 'mixed', bits: 3, options: [] }], message: /options is \[\]/ },
    {
      recipe: [{ type: 'mixed', bits: 3, table: { layers: [{}] } }],
      message: /table is .*give what sensitivity measured/,
    },
    {
      recipe: [{ type: 'mixed', bits: 3, table: { layers: [{ name: 'weight', options: [null] }] } }],
      message: /table is .*give what sensitivity measured/,
    },
    { recipe: [{ type: 'distill', teacher: [] }], message: /the teachers are an empty list/ },
    { recipe: [{ type: 'distill', teacher: [{ weight: 1 }] }], message: /the teacher is undefined/ },
    { recipe: [{ type: 'distill', teacher: [{ teacher: 'original', weight: 0 }] }], message: /weight is 0/ },
    { recipe: [{ type: 'shrink', ratio: 0.5, structure: [] }], message: /structure is \[\]/ },
  ])('refuses what parseRecipe refuses: $recipe', ({ recipe, message }) => {
    expect(fits(recipe, built)).toBe(false);
    expect(() => parseRecipe(recipe)).toThrow(message);
  });

  test('is published as a file', () => {
    const file = new URL('../../recipe.schema.json', import.meta.url);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(built);
  });

  test('knows passes that were registered', () => {
    registerPass({ type: 'of-somebody', make: () => quantize() });
    expect(JSON.stringify(recipeSchema())).toContain('of-somebody');
  });
});

test.each(presetNames)('the preset %s is a recipe, and a part of one', (name) => {
  expect(recipeJson(parseRecipe([{ include: name }]))).toEqual(presets[name].steps);
  expect(presets[name].summary).toMatch(/\.$/u);
});

test('an unknown preset, and options beside one, are refused', () => {
  expect(() => parseRecipe([{ include: 'huge' }])).toThrow(
    /steps\[0\]: include is "huge"; it must be one of int8, int4/,
  );
  expect(() => parseRecipe([{ include: 'tiny', sparsity: 0.5 }])).toThrow(/'sparsity' is no option; there are include/);
});
