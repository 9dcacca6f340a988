import { build, countParameters } from '@espalier/nn';
import { ArgumentError, zeros, type Shape } from '@espalier/tensor';
import { describe, expect, test } from 'vitest';
import {
  compareLatency,
  measureCost,
  measureLatency,
  prune,
  quantize,
  runRecipe,
  storedBytes,
  type CostOptions,
} from '../../src/index.ts';
import { features, perceptron, trained } from '../helpers/blobs.ts';
import { at } from '../helpers/at.ts';

const inputShape = [features];

describe('measureCost', () => {
  test('counts parameters, non-zeros, MACs and bytes', async () => {
    const model = await trained();
    const cost = await measureCost(model, { inputShape, latency: false });
    expect(cost).toMatchObject({
      parameters: countParameters(model),
      macs: 16 * 32 + 32 * 4,
      memoryBytes: countParameters(model) * 4,
      bytes: await storedBytes(model),
    });
    expect(cost.latency).toBeUndefined();
    expect(cost.perParameter.map(({ name, layout, format, bytes }) => [name, layout, format, bytes])).toEqual([
      ['0.weight', 'dense', 'float32', 2048],
      ['0.bias', 'dense', 'float32', 128],
      ['2.weight', 'dense', 'float32', 512],
      ['2.bias', 'dense', 'float32', 16],
    ]);
  });

  test('sees pruning and quantization', async () => {
    const large = build(perceptron(256), { seed: 1 });
    const { model } = await runRecipe(large, [
      prune({ sparsity: 0.9, scope: 'local' }),
      quantize({ exclude: ['2.weight'] }),
    ]);
    const { perParameter } = await measureCost(model, { inputShape, latency: false });
    const [first, , second] = perParameter;
    expect(first).toMatchObject({ layout: 'bitmask', format: 'int8' });
    expect(first?.nonZeros).toBeLessThanOrEqual(410);
    expect(first?.bytes).toBe(256 * 2 + (first?.nonZeros ?? 0) + 256 * 4);
    expect(second).toMatchObject({ layout: 'bitmask', format: 'float32', nonZeros: 103 });
  });
});

describe('measureLatency', () => {
  test('takes the middle of the runs that count', async () => {
    const times = [50, 1, 3, 2, 9, 4];
    let clock = 0;
    let call = 0;
    // Each run asks twice: before and after.
    const now = (): number => (call++ % 2 === 0 ? clock : (clock += at(times, Math.floor(call / 2) - 1)));
    const latency = await measureLatency(await trained(), zeros([1, features]), {
      warmUp: 1,
      warmUpMs: 0,
      runs: 5,
      now,
    });
    expect(latency).toEqual({ medianMs: 3, lowMs: 1, highMs: 9, runs: 5, device: 'cpu' });
  });

  test('without a run there is nothing to measure', async () => {
    await expect(measureLatency(await trained(), zeros([1, features]), { runs: 0 })).rejects.toThrow(
      /runs is 0; it must be an integer of at least 1/,
    );
  });
});

describe('costs are of what was asked for', () => {
  test.each<[unknown, RegExp]>([
    [undefined, /^measureCost: options is missing; it must be an object such as \{ inputShape/],
    [null, /options is null/],
    [{}, /inputShape is missing; it must be the shape of one example/],
    [{ inputShape: 16 }, /inputShape is 16/],
    [{ inputShape: 'x' }, /inputShape is "x"/],
    [{ inputShape: [1.5] }, /inputShape is \[1\.5\]/],
    [{ inputShape: [16], latencies: false }, /no option "latencies"; it takes inputShape, latency, input/],
  ])('%j is refused', async (options, said) => {
    const model = build({ type: 'linear', in: 16, out: 2 });
    await expect(measureCost(model, options as CostOptions)).rejects.toThrow(said);
    if (options !== undefined)
      await expect(compareLatency(model, model, options as { inputShape: Shape })).rejects.toThrow(ArgumentError);
  });
});

test('a clock that stands still, or gives no numbers, is refused', async () => {
  const model = build({ type: 'linear', in: 2, out: 2 });
  const measured = (now: () => number): Promise<unknown> => measureLatency(model, zeros([1, 2]), { runs: 1, now });
  await expect(measured(() => 7)).rejects.toThrow(/stands still/);
  await expect(measured(() => Number.NaN)).rejects.toThrow(/no finite numbers/);
});
