/** Sections of a schema whose objections read as sentences, with a hint for keys that were mistyped. */
import { suggestion, unknownName } from '@espalier/pipeline';
import { quote } from '@espalier/search';
import { z } from 'zod';

/** Whether a value is a section with keys of its own. */
export function isSection(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An object of a recipe: every key known, with a hint for those that are not. */
export function section<Shape extends z.core.$ZodLooseShape>(shape: Shape): z.ZodObject<Shape, z.core.$strict> {
  const known = Object.keys(shape);
  return z.strictObject(shape, {
    error: (issue) => {
      if (issue.code !== 'unrecognized_keys') return undefined;
      const [key = ''] = issue.keys;
      return unknownName(key, known);
    },
  });
}

/** What zod expects, in words. */
const kinds: Readonly<Record<string, string>> = {
  int: 'a whole number',
  number: 'a number',
  string: 'a text',
  boolean: 'true or false',
  object: 'a section with keys of its own',
  array: 'a list',
};

function shown(value: unknown): string {
  return value === undefined ? 'missing' : quote(value);
}

/** What a value is as a word that may have been meant otherwise: a list so deep that it has no text is none. */
function word(value: unknown): string {
  return typeof value === 'string' ? value : shown(value);
}

/** An issue as a sentence: what was found, and what to give instead. */
export function explain(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return `is ${shown(issue.input)}: give ${kinds[issue.expected] ?? issue.expected}`;
    case 'too_small':
      return `is ${shown(issue.input)}: give ${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}`;
    case 'too_big':
      return `is ${shown(issue.input)}: give ${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}`;
    case 'invalid_value':
      return `is ${shown(issue.input)}: ${suggestion(word(issue.input), issue.values.map(String))}`;
    default:
      return undefined;
  }
}
