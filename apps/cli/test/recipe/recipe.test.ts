import { describe, expect, test } from 'vitest';
import { candidateOf, searchSpace } from '@espalier/pipeline';
import { RandomStream } from '@espalier/search';
import { UsageError } from '../../src/errors.ts';
import { quickstart } from '../../src/recipe/quickstart.ts';
import { quickstartRecipe, readRecipe } from '../../src/recipe/recipe.ts';

/** What reading a recipe complains of. */
function complaint(text: string): string {
  try {
    readRecipe('r.yaml', text);
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    return (error as UsageError).message;
  }
  return 'nothing';
}

describe('a recipe', () => {
  test('fills what it leaves out from the built-in one', () => {
    const recipe = readRecipe('r.yaml', 'name: small\nsearch: { trials: 3, space: { architecture: { kernel: 3 } } }\n');
    const builtIn = quickstartRecipe();
    expect(recipe.name).toBe('small');
    expect(recipe.search.trials).toBe(3);
    expect(recipe.search.epochs).toBe(builtIn.search.epochs);
    expect(recipe.search.space.architecture.kernel).toEqual({ kind: 'choice', values: [3] });
    expect(recipe.search.space.architecture.blocks).toEqual(builtIn.search.space.architecture.blocks);
  });

  test('replaces the choice of optimizers whole', () => {
    const text = 'search: { space: { training: { optimizer: { adam: { lr: 0.001 } } } } }';
    expect(Object.keys(readRecipe('r.yaml', text).search.space.training.optimizer)).toEqual(['adam']);
  });

  test('every config of its space is a candidate', () => {
    const space = searchSpace(quickstartRecipe().search.space);
    for (let seed = 0; seed < 50; seed += 1) {
      const config = space.sample(new RandomStream(seed, 0));
      expect(candidateOf(config)).toEqual(config);
    }
  });
});

describe('what is wrong is told with its place', () => {
  test.each([
    [
      'an unknown key',
      'seed: 1\nprune:\n  sparsty: 0.9\n',
      "r.yaml:3:3: prune: there is no 'sparsty' here: did you mean 'sparsity'?",
    ],
    ['a wrong type', 'search:\n  trials: many\n', 'r.yaml:2:11: search.trials: is "many": give a whole number'],
    ['a number out of range', 'prune: { sparsity: 1.5 }\n', 'r.yaml:1:20: prune.sparsity: is 1.5: give less than 1'],
    [
      'a word that is none of the known',
      'search:\n  strategy: genetc\n',
      'r.yaml:2:13: search.strategy: is "genetc": use one of random, greedy, genetic, auto, adaptive, aging-evolution, beam, coordinate-descent, sobol, tpe',
    ],
    [
      'a value that no architecture can have',
      'search:\n  space:\n    architecture:\n      kernel: [3, 4]\n',
      'r.yaml:4:19: search.space.architecture.kernel.1: is 4: give one of 1, 3, 5, 7',
    ],
    [
      'a range the wrong way round',
      'search: { space: { architecture: { hidden: { int: [64, 32] } } } }',
      'r.yaml:1:51: search.space.architecture.hidden.int: int: the range is 64 to 32: give the smaller number first',
    ],
    [
      'an unknown key of a range',
      'search: { space: { architecture: { hidden: { int: [1, 2], logg: true } } } }',
      "r.yaml:1:65: search.space.architecture.hidden.logg: there is no 'logg' in a range: did you mean 'log'? use one of int, float, step, log",
    ],
    [
      'an empty choice',
      'search: { space: { initialiser: [] } }',
      'r.yaml:1:33: search.space.initialiser: choice: there are no values: give at least one',
    ],
    [
      'no optimizer',
      'search: { space: { training: { optimizer: {} } } }',
      'r.yaml:1:43: search.space.training.optimizer: there is no optimizer: give sgd, adam or adamw',
    ],
    ['text that is no map', '- 1\n', 'r.yaml:1:1: a recipe is a map of sections: see `espalier run --print-recipe`'],
  ])('%s', (_, text, message) => {
    expect(complaint(text)).toBe(message);
  });

  test('text that is not YAML', () => {
    expect(complaint('name: a\nsearch: { trials: [1, 2\n')).toMatch(/^r\.yaml:[23]:\d+: this is not YAML: /u);
  });

  test('an alias and a merge leave the place where the value is written', () => {
    expect(complaint('prune: &p { sparsity: 0 }\n')).toBe('r.yaml:1:23: prune.sparsity: is 0: give more than 0');
  });
});

test('the built-in recipe is what it prints', () => {
  expect(readRecipe('x', quickstart)).toEqual(quickstartRecipe());
});
