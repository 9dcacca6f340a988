import {
  build,
  countParameters,
  predict,
  registerActivation,
  registerOptimizer,
  SGD,
  tensorDataset,
} from '@espalier/nn';
import { choice, float, int, RandomStream } from '@espalier/search';
import { ones, zeros } from '@espalier/tensor';
import { describe, expect, test } from 'vitest';
import {
  architectureNames,
  candidateOf,
  candidateProblem,
  checkPipeline,
  oneOf,
  registerArchitecture,
  searchSpace,
  trainingBytes,
  wholeNumber,
  type ArchitectureType,
  type SpaceRecipe,
} from '../src/index.ts';
import { modelOf, smallerArchitecture } from '../src/candidate/architecture-type.ts';
import { taskNamed } from '../src/task/task.ts';
import { spots } from './outside/spots-pipeline.mjs';
import './outside/bright-spots.mjs';

const one = (value: string | number | boolean): SpaceRecipe['initialiser'] => choice([value]);
const convolutional = {
  blocks: 1,
  channels: 4,
  kernel: 3,
  hidden: 8,
  activation: 'relu',
  batchNorm: false,
};
const training = { optimizer: { type: 'adam', lr: 0.01 }, schedule: 'constant', batch: 8 };
const candidate = { architecture: convolutional, initialiser: 'kaiming-normal', training };

const plain: ArchitectureType<{ readonly width: number; readonly last: string }> = {
  name: 'test-plain',
  options: { width: wholeNumber(1, 64), last: oneOf(['identity', 'tanh']) },
  model: ({ width, last }, init, { input, outputs }) => ({
    type: 'sequential',
    layers: [
      { type: 'flatten' },
      { type: 'linear', in: input.reduce((size, each) => size * each, 1), out: width, init },
      { type: 'linear', in: width, out: outputs, init },
      { type: last },
    ],
  }),
};
registerArchitecture(plain);
const own = { ...candidate, architecture: { type: 'test-plain', width: 3, last: 'tanh' } };

describe('a candidate', () => {
  test('is of any activation, initialiser, optimizer and schedule that is registered, also after the first was read', () => {
    const odd = {
      architecture: { ...convolutional, activation: 'test-late' },
      initialiser: 'lecun-uniform',
      training: { ...training, optimizer: { type: 'test-late', speed: 1 } },
    };
    expect(candidateProblem(odd)).toMatchObject({ path: ['architecture', 'activation'] });
    registerActivation({ type: 'test-late', create: () => ({ settings: {}, apply: (x) => x }) });
    expect(candidateProblem(odd)).toMatchObject({ path: ['training', 'optimizer'] });
    registerOptimizer({ type: 'test-late', create: ({ speed }) => new SGD({ lr: Number(speed) }) });
    expect(candidateProblem(odd)).toBeUndefined();
    expect(candidateOf(odd)).toBe(odd);
  });

  test.each<[string, unknown, readonly string[], RegExp]>([
    [
      'an activation',
      { ...candidate, architecture: { ...convolutional, activation: 'gelo' } },
      ['architecture', 'activation'],
      /"gelo": did you mean 'gelu'\?/u,
    ],
    [
      'a name of every object',
      { ...candidate, initialiser: '__proto__' },
      ['initialiser'],
      /is "__proto__": use one of zeros/u,
    ],
    ['no name', { ...candidate, initialiser: 3 }, ['initialiser'], /is 3: give the name of an initialiser/u],
    ['a schedule', { ...candidate, training: { ...training, schedule: 'step' } }, ['training', 'schedule'], /step/u],
    [
      'an optimizer',
      { ...candidate, training: { ...training, optimizer: { type: 'constructor' } } },
      ['training', 'optimizer'],
      /has no known type/u,
    ],
    [
      'an option',
      { ...candidate, training: { ...training, optimizer: { type: 'adam', lr: 2 } } },
      ['training', 'optimizer', 'lr'],
      /give a number from 0.000001 to 1/u,
    ],
    [
      'an option that is none',
      { ...candidate, training: { ...training, optimizer: { type: 'adam', beta: 2 } } },
      ['training', 'optimizer', 'beta'],
      /no known field/u,
    ],
    [
      'a kind of architecture',
      { ...candidate, architecture: { type: 'test-plane', width: 3 } },
      ['architecture', 'type'],
      /is "test-plane": did you mean 'test-plain'\?/u,
    ],
    [
      'a part of one',
      { ...own, architecture: { ...own.architecture, width: 0 } },
      ['architecture', 'width'],
      /a whole number from 1 to 64/u,
    ],
    [
      'a part that one lacks',
      { ...own, architecture: { ...own.architecture, kernel: 3 } },
      ['architecture'],
      /no 'kernel' here/u,
    ],
  ])('with %s that is not known is refused at its place', (_, value, path, message) => {
    const problem = candidateProblem(value);
    expect(problem?.path).toEqual(path);
    expect(problem?.message).toMatch(message);
  });
});

test('a multilayer perceptron says the same of every example until it is trained', async () => {
  const architecture = { type: 'mlp', layers: 2, width: 5, activation: 'silu', dropout: 0.2 };
  const data = { input: [2, 3], classes: 4 } as never;
  const model = build(modelOf(architecture, 'kaiming-normal', data, taskNamed()), { seed: 1 });
  expect(countParameters(model)).toBe(7 * 5 + 6 * 5 + 6 * 4);
  const outputs = await predict(model, tensorDataset(ones([3, 2, 3]), zeros([3])));
  expect([outputs.shape, [...(await outputs.data())]]).toEqual([[3, 4], Array.from({ length: 12 }, () => 0)]);
});

describe('a kind of architecture from outside', () => {
  const data = { input: [2, 3], classes: 4 } as never;

  test('makes the model of a candidate for data that are no images', () => {
    expect(candidateProblem(own)).toBeUndefined();
    expect(architectureNames()).toEqual([
      'conv-net',
      'convolutional',
      'mlp',
      'residual-net',
      'test-plain',
      'transformer',
    ]);
    expect(modelOf(own.architecture, 'zeros', data, taskNamed())).toEqual(
      plain.model({ width: 3, last: 'tanh' }, 'zeros', { input: [2, 3], outputs: 4 }),
    );
    expect(() => modelOf(convolutional, 'zeros', data, taskNamed())).toThrow(/has the shape \[2, 3\]: give images/u);
    // 28² · 3 + 3 and 3 · 10 + 10 trained values, seven times in single precision.
    expect(trainingBytes(own)).toBe(65_536 + 28 * (784 * 3 + 3 + 40));
  });

  test('is searched beside the convolutional one', () => {
    const space: SpaceRecipe = {
      architecture: {
        'test-plain': { width: int(2, 9), last: choice(['identity', 'tanh']) },
        convolutional: Object.fromEntries(Object.entries(convolutional).map(([name, value]) => [name, one(value)])),
      },
      initialiser: choice(['zeros', 'orthogonal']),
      training: { optimizer: { adam: { lr: float(0.001, 0.1) } }, schedule: one('cosine'), batch: one(8) },
    };
    const kinds = new Set<unknown>();
    for (let seed = 0; seed < 20; seed += 1) {
      const { architecture } = candidateOf(searchSpace(space).sample(new RandomStream(seed, 0)));
      kinds.add('type' in architecture && architecture.type);
    }
    expect(kinds).toEqual(new Set(['test-plain', 'convolutional']));
  });

  test('has students only where it tells them', () => {
    expect(() => smallerArchitecture(own.architecture, data, taskNamed(), 10)).toThrow(
      /kind 'test-plain' tells no smaller one: leave the size out/u,
    );
    registerArchitecture({ ...plain, name: 'test-shrinks', student: ({ last }) => ({ width: 1, last }) });
    expect(smallerArchitecture({ ...own.architecture, type: 'test-shrinks' }, data, taskNamed(), 10)).toEqual({
      type: 'test-shrinks',
      width: 1,
      last: 'tanh',
    });
  });

  test.each<[string, object, RegExp]>([
    ['what is none', { name: 'x' }, /a kind of architecture: \{ name, options, model \}/u],
    [
      'an option that is called type',
      { ...plain, name: 'x', options: { type: wholeNumber(1) } },
      /a kind of architecture/u,
    ],
    ['a name that is taken', { ...plain, name: 'convolutional' }, /another architecture of the name 'convolutional'/u],
    ['the name of an option beside it', { ...plain, name: 'kernel' }, /'kernel' is an option of convolutional ones/u],
  ])('is refused: %s', (_, type, message) => {
    expect(() => registerArchitecture(type as never)).toThrow(message);
    expect(architectureNames()).not.toContain('x');
  });
});

describe('the space of a pipeline is checked before anything is done', () => {
  const [search] = spots.stages;
  const { space } = Object(search?.options) as { readonly space: SpaceRecipe };
  const check = (changed: object): (() => void) => {
    const options = { ...search?.options, space: { ...space, ...changed } };
    return () => checkPipeline({ ...spots, stages: [{ stage: 'search', options }, ...spots.stages.slice(1)] });
  };
  const place = 'pipeline.stages.0.options.space';

  test('and is right as it is', () => {
    expect(check({})).not.toThrow();
  });

  test.each<[string, object, string]>([
    [
      'a name in a choice',
      { initialiser: choice(['zeros', 'zeroes']) },
      `${place}.initialiser.values.1: is "zeroes": did you mean 'zeros'?`,
    ],
    [
      'the end of a range',
      { training: { ...space.training, batch: int(1, 9999) } },
      `${place}.training.batch.high: is 9999: give a whole number from 1 to 4096`,
    ],
    [
      'a value that is not varied',
      { initialiser: 'zeros' },
      `${place}.initialiser: is "zeros": give a choice or a range`,
    ],
    [
      'an optimizer',
      { training: { ...space.training, optimizer: { adem: {} } } },
      `${place}.training.optimizer.adem: has no known type: did you mean 'adam'?`,
    ],
    [
      'an option of one',
      { training: { ...space.training, optimizer: { adam: { lr: choice([0.1, -1]) } } } },
      `${place}.training.optimizer.adam.lr.values.1: is -1: give a number`,
    ],
    ['no optimizer', { training: { ...space.training, optimizer: {} } }, `${place}: `],
    [
      'a kind of architecture',
      { architecture: { tranformer: {} } },
      `${place}.architecture: there is no architecture 'tranformer'`,
    ],
    [
      'a part of one',
      { architecture: { 'test-plain': { width: one(0), last: one('tanh') } } },
      `${place}.architecture.test-plain.width.values.0: is 0`,
    ],
    [
      'a part that is missing',
      { architecture: { 'test-plain': { width: one(1) } } },
      `${place}.architecture.test-plain.last: is missing: give a choice or a range`,
    ],
  ])('%s is refused at its place', (_, changed, message) => {
    expect(check(changed)).toThrow(message);
  });
});
