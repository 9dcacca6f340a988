import { describe, expect, test } from 'vitest';
import { candidateOf, searchSpace } from '@espalier/pipeline';
import { RandomStream } from '@espalier/search';
import { UsageError } from '../../src/errors.ts';
import { quickstart } from '../../src/recipe/quickstart.ts';
import { quickstartRecipe, readRecipe } from '../../src/recipe/recipe.ts';
import { readStoredRecipe } from '../../src/recipe/stored-recipe.ts';

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

  test('may tell kinds of architectures apart, and names any optimizer that is registered', () => {
    const text =
      'search: { space: { architecture: { convolutional: { blocks: 1, channels: 4, kernel: 3, hidden: 0, activation: mish, batchNorm: true } }, training: { optimizer: { rmsprop: { lr: [0.001, 0.01], alpha: 0.9 } } } } }';
    const { space } = readRecipe('r.yaml', text).search;
    const config = searchSpace(space).sample(new RandomStream(1, 0));
    expect(candidateOf(config)).toMatchObject({
      architecture: { type: 'convolutional', activation: 'mish' },
      training: { optimizer: { type: 'rmsprop', alpha: 0.9 } },
    });
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
      'r.yaml:2:13: search.strategy: is "genetc": did you mean \'genetic\'? use one of random, greedy, genetic, auto, adaptive, aging-evolution, beam, coordinate-descent, sobol, tpe',
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
      'r.yaml:1:43: search.space.training.optimizer: there is no optimizer: give one of sgd, rmsprop, adam, adamw',
    ],
    [
      'an activation that is not registered',
      'search: { space: { architecture: { activation: [relu, sofsign] } } }',
      'r.yaml:1:55: search.space.architecture.activation.1: is "sofsign": use one of relu, leaky-relu, elu, selu, gelu, silu, mish, softplus, tanh, sigmoid, hard-sigmoid, hard-swish, softmax, log-softmax, identity',
    ],
    [
      'an initialiser that its name alone does not make',
      'search:\n  space:\n    initialiser: constant\n',
      'r.yaml:3:18: search.space.initialiser: is "constant": init.value: is missing; it has no default',
    ],
    [
      'a schedule that was mistyped',
      'search: { space: { training: { schedule: cosin } } }',
      'r.yaml:1:42: search.space.training.schedule: is "cosin": did you mean \'cosine\'? use one of constant, cosine, linear, one-cycle',
    ],
    [
      'an optimizer that is not registered',
      'search: { space: { training: { optimizer: { adm: { lr: 0.1 } } } } }',
      "r.yaml:1:45: search.space.training.optimizer: there is no 'adm' here: did you mean 'adam'?",
    ],
    [
      'an option that an optimizer does not take',
      'search: { space: { training: { optimizer: { sgd: { lr: 0.1, momentun: [0.9] } } } } }',
      'r.yaml:1:72: search.space.training.optimizer.sgd.momentun.0: sgd.momentun: is no known field; known are lr, momentum, dampening, nesterov, weightDecay',
    ],
    [
      'a value that an optimizer cannot be made with, wherever it stands in a range',
      'search: { space: { training: { optimizer: { rmsprop: { lr: 0.1, alpha: { float: [0.5, 1.5] } } } } } }',
      'r.yaml:1:87: search.space.training.optimizer.rmsprop.alpha.float.1: rmsprop.alpha: is 1.5; it must be a number at least 0 and below 1',
    ],
    [
      'options that contradict each other',
      'search: { space: { training: { optimizer: { sgd: { lr: 0.1, nesterov: true } } } } }',
      'r.yaml:1:50: search.space.training.optimizer.sgd: sgd: nesterov needs momentum above 0 and dampening 0, not 0 and 0',
    ],
    [
      'a score of pruning that is not registered',
      'prune: { method: lamb }',
      'r.yaml:1:18: prune.method: is "lamb": did you mean \'lamp\'? use one of magnitude, lamp, random, gradient, taylor, snip, fisher, movement, wanda',
    ],
    [
      'a number format that is not registered',
      'quantize: { weights: int5 }',
      'r.yaml:1:22: quantize.weights: is "int5": did you mean \'int8\'? use one of int8, int4, int3, int2',
    ],
    [
      'a part that a kind of architecture does not have',
      'search: { space: { architecture: { convolutional: { blocks: 1, channels: 1, kernel: 1, hidden: 1, activation: relu, batchNorm: true, depth: 2 } } } }',
      "r.yaml:1:134: search.space.architecture.convolutional: there is no 'depth' here: use blocks, channels, kernel, hidden, activation, batchNorm",
    ],
    [
      'a part that is left out of one',
      'search: { space: { architecture: { convolutional: { blocks: 1 } } } }',
      'r.yaml:1:51: search.space.architecture.convolutional.channels: is missing: give a whole number from 1 to 128, a list of them, or a range',
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

test('a stored value that is so deep that it has no text is quoted by its levels', () => {
  const deep = Array.from({ length: 100_000 }).reduce<unknown>((inner) => [inner], []);
  expect(() => readStoredRecipe('it', { ...quickstartRecipe(), device: deep })).toThrow(
    /^it is damaged: device: is \[\[\[\[…\]\]\]\]: use one of /u,
  );
});

test('the built-in recipe is what it prints', () => {
  expect(readRecipe('x', quickstart)).toEqual(quickstartRecipe());
});
