/** Reads recipes of the command line. */
import { quickstart } from '../../../apps/cli/src/recipe/quickstart.ts';
import { readRecipe } from '../../../apps/cli/src/recipe/recipe.ts';
import { mutateText } from '../engine/mutate-text.ts';
import type { Random } from '../engine/random.ts';
import type { Reader } from '../engine/reader.ts';
import { deep, many } from '../engine/dictionary.ts';

/** Aliases that stand for more than is written, and other things that only YAML has. */
const tricks: readonly string[] = [
  `a: &a [1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e]\ng: [*f,*f,*f,*f,*f,*f,*f,*f,*f]\n`,
  'name: &x { a: *x }\n',
  'search: &s\n  space: *s\n',
  '<<: { name: a }\n',
  '<<: *none\n',
  '? { a: 1 }\n: 2\n',
  '? [a, b]\n: *c\n',
  'constructor: { prototype: 1 }\n__proto__: { seed: 4 }\n',
  '--- a\n--- b\n',
  '%YAML 9.9\n---\n',
  'seed: !!binary "AAAA"\n',
  'seed: !!set { a, b }\n',
  'seed: !<tag:yaml.org,2002:js/function> "function () {}"\n',
  'name: !!timestamp 2001-12-14\n',
  `name: ${'['.repeat(deep)}${']'.repeat(deep)}\n`,
  `${Array.from({ length: many }, (_, key) => `k${key}: 1`).join('\n')}\n`,
  `search: {${Array.from({ length: many }, (_, key) => `k${key}: 1`).join()}}\n`,
  `${Array.from({ length: 3000 }, (_, level) => `${' '.repeat(level)}a:`).join('\n')} 1\n`,
];

function withTrick(input: Uint8Array, random: Random): Uint8Array {
  const text = Buffer.from(input).toString();
  const trick = random.pick(tricks);
  return Buffer.from(random.pick([trick, text + trick, trick + text]));
}

/** Recipes of the command line, in YAML. */
export const recipeReader: Reader = {
  name: 'recipe',
  seeds: async () => [
    Buffer.from(quickstart),
    Buffer.from('seed: 3\n'),
    Buffer.from('{"name": "json", "search": {"trials": 3, "space": {"training": {"batch": [32, 64]}}}}'),
    Buffer.from(
      'search:\n  space:\n    architecture: &a\n      blocks: { int: [1, 3] }\n      channels: [4]\n    initialiser: orthogonal\n',
    ),
  ],
  mutate: (input, random) =>
    random.chance(0.03)
      ? withTrick(input, random)
      : mutateText(input, random, [
          'search',
          'space',
          'int',
          'float',
          'log',
          'step',
          '&a',
          '*a',
          '!!',
          '<<',
          '|',
          '>',
          '- ',
        ]),
  read: (input) => void readRecipe('recipe.yaml', Buffer.from(input).toString()),
};
