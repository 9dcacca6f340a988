/** A model that was cut computes what the whole one does whose weights of the same units are 0. */
import { build, countParameters, mse, noteTrainedBy, trainedBy, type Module } from '@espalier/nn';
import {
  cpu,
  createReferenceDevice,
  fromTyped,
  Generator,
  randint,
  randn,
  type Device,
  type Tensor,
  type TensorType,
} from '@espalier/tensor';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cutModel } from '../../src/structured/cut-model.ts';
import { cuttableGraph } from '../../src/structured/model-widths.ts';
import type { AxedGraph, Width } from '../../src/structured/widths.ts';
import { architectures, type Architecture } from '../helpers/architectures.ts';
import '../helpers/outside-modules.ts';

const reference = createReferenceDevice();

/** A model with drawn values in all that it has, moments of norms too. */
function drawn({ config }: Architecture, seed: number, device: Device): Module {
  const model = build(config, { seed, device });
  const generator = new Generator(seed);
  for (const [name, tensor] of model.rawTensors()) {
    const values = randn(tensor.shape, { generator, device });
    tensor.assign(name.endsWith('running_var') ? values.square().add(0.1) : values);
    tensor.realizeSync();
  }
  return model;
}

function examples({ input, dtype }: Architecture, seed: number, device: Device): Tensor {
  const options = { generator: new Generator(seed), device };
  const shape = [3, ...input];
  return (dtype === 'i32' ? randint(0, 5, shape, options) : randn(shape, options)).realizeSync();
}

const batchOf = ({ input, dtype }: Architecture, device: Device): TensorType => ({
  shape: [2, ...input],
  dtype,
  device,
});

/** Which units are kept of each width: some, at least one. */
function someOf(widths: readonly Width[], seed: number): Map<string, number[]> {
  const generator = new Generator(seed);
  return new Map(
    widths.map(({ name, size }) => {
      const scores = randn([size], { generator }).dataSync();
      const kept = [...scores.keys()].filter((unit) => (scores[unit] as number) > 0);
      return [name, kept.length > 0 ? kept : [0]];
    }),
  );
}

/** For each weight of a member, whether it is one of a unit that goes. */
function goes(
  { axis, indices }: Width['members'][number],
  { shape }: Tensor,
  kept: readonly number[],
): (index: number) => boolean {
  const inner = shape.slice(axis + 1).reduce((product, each) => product * each, 1);
  return (index) => {
    const unit = indices[Math.floor(index / inner) % indices.length] as number;
    return unit >= 0 && !kept.includes(unit);
  };
}

/** Sets the weights of the units that go to 0, and counts them. */
function mask(model: Module, widths: readonly Width[], kept: ReadonlyMap<string, readonly number[]>): number {
  let count = 0;
  for (const [name, { tensor }] of model.namedParameters()) {
    const values = tensor.dataSync().slice() as Float32Array<ArrayBuffer>;
    const rules = widths.flatMap((width) =>
      width.members.filter((each) => each.name === name).map((each) => goes(each, tensor, kept.get(width.name) ?? [])),
    );
    const gone = [...values.keys()].filter((index) => rules.some((rule) => rule(index)));
    for (const index of gone) values[index] = 0;
    count += gone.length;
    tensor.assign(fromTyped(values, tensor.shape, { device: tensor.device }));
    tensor.realizeSync();
  }
  return count;
}

interface Cut {
  readonly graph: AxedGraph;
  readonly small: Module;
  readonly whole: Module;
  readonly gone: number;
}

async function cut(architecture: Architecture, seed: number, device: Device): Promise<Cut> {
  const whole = drawn(architecture, seed, device);
  const batch = batchOf(architecture, device);
  const graph = cuttableGraph('test', whole, batch);
  const kept = someOf(graph.widths, seed);
  const small = await cutModel('test', whole, graph, kept, batch);
  return { graph, small, whole, gone: mask(whole, graph.widths, kept) };
}

const seeds = fc.integer({ min: 0, max: 2 ** 30 });

describe('a cut model', () => {
  test('computes what the masked one does, to the bit on the reference device', async () => {
    await fc.assert(
      fc.asyncProperty(architectures, seeds, async (architecture, seed) => {
        const { small, whole, graph, gone } = await cut(architecture, seed, reference);
        expect(graph.widths.length).toBeGreaterThan(0);
        const x = examples(architecture, seed, reference);
        const [made, wanted] = [small.call(x).dataSync(), whole.eval().call(x).dataSync()];
        // Of two zeros one is that of a sum of nothing.
        expect(made.map((value) => value + 0)).toEqual(wanted.map((value) => value + 0));
        expect(countParameters(small)).toBe(countParameters(whole) - gone);
      }),
      { numRuns: 40 },
    );
  });

  test('computes it within a few units in the last place on cpu', async () => {
    await fc.assert(
      fc.asyncProperty(architectures, seeds, async (architecture, seed) => {
        const { small, whole } = await cut(architecture, seed, cpu());
        const x = examples(architecture, seed, cpu());
        const [made, wanted] = [small.call(x).dataSync(), whole.eval().call(x).dataSync()];
        const largest = Math.max(...wanted.map(Math.abs));
        for (const [index, value] of wanted.entries())
          expect(Math.abs((made[index] as number) - value)).toBeLessThanOrEqual(2 ** -17 * largest);
      }),
      { numRuns: 25 },
    );
  });

  test('is described by its own sizes: what is built from that takes its values', async () => {
    await fc.assert(
      fc.asyncProperty(architectures, seeds, async (architecture, seed) => {
        const { small } = await cut(architecture, seed, cpu());
        const again = build(small.config(), { seed: 1 }).load(small.state());
        const x = examples(architecture, seed, cpu());
        expect(again.eval().call(x).dataSync()).toEqual(small.call(x).dataSync());
      }),
      { numRuns: 25 },
    );
  });

  test('keeps what is not trainable, and by what it was trained', async () => {
    const [architecture] = fc.sample(architectures, { seed: 1, numRuns: 1 }) as [Architecture];
    const whole = drawn(architecture, 1, cpu());
    const [name = '', frozen] = [...whole.namedParameters()][0] ?? [];
    if (frozen) frozen.trainable = false;
    noteTrainedBy(whole, mse);
    const batch = batchOf(architecture, cpu());
    const graph = cuttableGraph('test', whole, batch);
    const small = await cutModel('test', whole, graph, someOf(graph.widths, 1), batch);
    expect(small.namedParameters().get(name)?.trainable).toBe(false);
    expect(trainedBy(small)).toBe(mse);
  });
});
