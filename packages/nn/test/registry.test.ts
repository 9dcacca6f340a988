import {
  build,
  buildOptimizer,
  ConfigError,
  initialise,
  initialiserTypes,
  loss,
  lossName,
  lossTypes,
  optimizerTypes,
  registerActivation,
  registerInitialiser,
  registerLoss,
  registerModule,
  registerOptimizer,
  Registry,
  SGD,
  type LossType,
} from '@espalier/nn';
import { full, tensor } from '@espalier/tensor';
import { describe, expect, test } from 'vitest';

interface Named {
  readonly type: string;
}
const typeOf = ({ type }: Named): string => type;

describe('a registry', () => {
  test('knows what it was made with and what is registered, in that order, and lists it as it grows', () => {
    const [first, second] = [{ type: 'first' }, { type: 'second' }];
    const registry = new Registry<Named>('thing', typeOf, [first]);
    const { names } = registry;
    registry.register('registerThing', second);
    expect(names).toEqual(['first', 'second']);
    expect(registry.get('second')).toBe(second);
    expect(registry.get('toString')).toBeUndefined();
    expect(registry.get({ toString: () => 'first' })).toBeUndefined();
    expect(() => registry.find('recipe.thing', 'third')).toThrow(
      new ConfigError('recipe.thing', '"third" is no known thing; known are first, second'),
    );
  });

  test('takes the same thing twice, and no other of its name', () => {
    const registry = new Registry<Named>('thing', typeOf);
    const own = { type: 'own' };
    registry.register('registerThing', own);
    registry.register('registerThing', own);
    expect(registry.names).toEqual(['own']);
    expect(() => registry.register('registerThing', { type: 'own' })).toThrow(
      /^registerThing: there is another thing of the name 'own'/u,
    );
    expect(registry.get('own')).toBe(own);
  });
});

test('a loss from outside has a name, both ways', () => {
  const hinge: LossType = {
    type: 'test-hinge',
    loss: (output, target) => output.mul(target).neg().add(1).relu().mean(),
  };
  registerLoss(hinge);
  expect(lossTypes.at(-1)).toBe('test-hinge');
  expect(loss('test-hinge')).toBe(hinge.loss);
  expect(lossName(hinge.loss)).toBe('test-hinge');
  expect(() => registerLoss({ type: 'mse', loss: hinge.loss })).toThrow(ConfigError);
  expect(() => loss('test-fringe')).toThrow(/test-hinge/u);
});

test('an optimizer from outside is made from JSON', () => {
  registerOptimizer({ type: 'test-halved', create: ({ lr }) => new SGD({ lr: (lr as number) / 2 }) });
  expect(optimizerTypes).toContain('test-halved');
  expect(buildOptimizer({ type: 'test-halved', lr: 1 }).lr).toBe(0.5);
  expect(() => buildOptimizer({ type: 'test-doubled' })).toThrow(/test-halved/u);
});

test('an initialiser from outside is named by the description of a layer', () => {
  registerInitialiser({
    type: 'test-sevens',
    create: () => ({ settings: {}, initialise: (shape, _, { device }) => full(shape, 7, { device }) }),
  });
  expect(initialiserTypes).toContain('test-sevens');
  expect(initialise('test-sevens', [2]).arraySync()).toEqual([7, 7]);
  const layer = build({ type: 'linear', in: 1, out: 1, init: 'test-sevens', bias: false });
  expect(layer.forward(tensor([[2]])).arraySync()).toEqual([[14]]);
  expect(layer.config()['init']).toBe('test-sevens');
});

describe('what a registered type makes is looked at', () => {
  test.each<[string, () => unknown, RegExp]>([
    [
      'a module',
      () => {
        registerModule({ type: 'test-no-module', build: () => ({}) as never });
        return build({ type: 'sequential', layers: [{ type: 'test-no-module' }] });
      },
      /layers\[0\]: what test-no-module builds .*it must be a module/u,
    ],
    [
      'an activation',
      () => {
        registerActivation({ type: 'test-no-activation', create: (() => undefined) as never });
        return build({ type: 'test-no-activation' });
      },
      /what test-no-activation makes .*it must be the settings and the function/u,
    ],
    [
      'an initialiser',
      () => {
        registerInitialiser({ type: 'test-no-initialiser', create: () => ({ settings: {} }) as never });
        return build({ type: 'linear', in: 1, out: 1, init: 'test-no-initialiser' });
      },
      /init: what test-no-initialiser makes is .*; it must be the settings and the function/u,
    ],
    [
      'an optimizer',
      () => {
        registerOptimizer({ type: 'test-no-optimizer', create: () => 3 as never });
        return buildOptimizer({ type: 'test-no-optimizer' });
      },
      /what test-no-optimizer makes is 3; it must be an optimizer/u,
    ],
  ])('%s', (_, make, message) => {
    expect(make).toThrow(message);
  });

  test('and its name is one that a message can show', () => {
    for (const type of ['', ' ', 'relu '])
      expect(() => registerLoss({ type, loss: (output) => output.mean() })).toThrow(
        /^registerLoss: the name ".*" of a loss cannot be told from none; give a text without blanks at its ends/u,
      );
    registerLoss({ type: '__proto__', loss: (output) => output.mean() });
    expect(loss('__proto__')).toBeTypeOf('function');
  });
});
