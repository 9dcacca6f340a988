import { build, Linear, Module, Sequential, tensorDataset, type ModuleConfig } from '@espalier/nn';
import { arange, Generator, randn, type Tensor } from '@espalier/tensor';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { quantize, runRecipe } from '../../src/index.ts';
import { calibrate, refineScales, type InputEnergy } from '../../src/quantize/calibration.ts';
import { decodeValues, encodeValues } from '../../src/quantize/codes.ts';
import { numberFormat } from '../../src/quantize/number-format.ts';
import { selectParameters } from '../../src/selection/parameter-filter.ts';
import { at } from '../helpers/at.ts';
import { logitsOf, train, trained } from '../helpers/blobs.ts';

const layersOf = (model: Module): Module[] => [...model.children().values()];

describe('calibrate', () => {
  test('gives the mean square of each input channel, and leaves the model as it was', async () => {
    const model = build({
      type: 'sequential',
      layers: [
        { type: 'conv2d', in: 2, out: 4, kernel: 1, groups: 2 },
        { type: 'flatten' },
        { type: 'linear', in: 16, out: 3 },
      ],
    });
    const x = randn([10, 2, 2, 2], { generator: new Generator(1) });
    const y = x.sum([1, 2, 3]);
    const before = model.forward(x).arraySync();
    const found = new Map<string, InputEnergy>();
    await calibrate(
      model,
      selectParameters('test', model),
      { data: tensorDataset(x, y), count: 10 },
      async ({ name }, energy) => {
        if (energy) found.set(name, energy);
      },
    );
    expect([...found.keys()]).toEqual(['0.weight', '2.weight']);
    const expected = (of: Tensor, axes: number[]): number[] => [...of.square().mean(axes).dataSync()];
    for (const [index, value] of expected(x, [0, 2, 3]).entries())
      expect(found.get('0.weight')?.[index]).toBeCloseTo(value, 5);
    expect(found.get('2.weight')).toHaveLength(16);
    expect(model.forward(x).arraySync()).toEqual(before);
  });

  const stack = (): Module =>
    build(
      {
        type: 'sequential',
        layers: [
          { type: 'linear', in: 3, out: 4 },
          { type: 'relu' },
          { type: 'linear', in: 4, out: 4 },
          { type: 'linear', in: 4, out: 2 },
        ],
      },
      { seed: 3 },
    );

  test('goes a layer at a time, and sees what the layers before give by then', async () => {
    const model = stack();
    const x = randn([300, 3], { generator: new Generator(4) });
    const visited: string[] = [];
    // Not in their order.
    const parameters = selectParameters('test', model).toReversed();
    await calibrate(
      model,
      parameters,
      { data: tensorDataset(x, x.sum(1)), count: 300 },
      async ({ name, parameter }, energy) => {
        visited.push(name);
        const input = Number(name[0]) === 0 ? x : new Sequential(layersOf(model).slice(0, Number(name[0]))).call(x);
        const expected = input.square().mean(0).dataSync();
        for (const [channel, value] of expected.entries()) expect(energy?.[channel]).toBeCloseTo(value, 4);
        // What the next ones see is changed beyond recognition.
        parameter.tensor.assign(parameter.tensor.detach().mul(-3).add(1));
      },
    );
    expect(visited).toEqual(['0.weight', '2.weight', '3.weight']);
  });

  test('counts examples of every batch alike, and reads no more than asked for', async () => {
    const model = build({ type: 'linear', in: 1, out: 1 });
    // 200 go as 128 and 72.
    const x = arange(0, 400).reshape([400, 1]);
    let found: InputEnergy | undefined;
    await calibrate(
      model,
      selectParameters('test', model),
      { data: tensorDataset(x, x), count: 200 },
      async (_, energy) => {
        found = energy;
      },
    );
    const even = Array.from({ length: 200 }, (_, index) => (2 * index) ** 2);
    expect(at(found ?? [], 0)).toBeCloseTo(even.reduce((sum, each) => sum + each, 0) / 200, 1);
  });

  test('adds up the inputs of all places of a shared weight', async () => {
    const layer = new Linear({ in: 2, out: 2 });
    const model = new Sequential([layer, new Sequential([layer])]);
    const x = randn([5, 2]);
    await calibrate(
      model,
      selectParameters('test', model),
      { data: tensorDataset(x, x), count: 5 },
      async (_, energy) => {
        const expected = x.square().mean(0).add(layer.call(x).square().mean(0)).dataSync();
        for (const [channel, value] of expected.entries()) expect(energy?.[channel]).toBeCloseTo(value, 4);
      },
    );
  });

  test('refuses a module that is called past the door', async () => {
    class Hidden extends Module {
      readonly type = 'hidden';
      readonly inner = this.addModule('inner', new Linear({ in: 2, out: 2 }));
      forward(x: Tensor): Tensor {
        return this.inner.forward(x);
      }
      config(): ModuleConfig {
        return { type: this.type };
      }
    }
    const [model, x] = [new Hidden(), randn([4, 2])];
    await expect(
      calibrate(model, selectParameters('test', model), { data: tensorDataset(x, x), count: 4 }, () =>
        Promise.resolve(),
      ),
    ).rejects.toThrow('no call of inner is seen');
  });
});

describe('refineScales', () => {
  const error = (values: Float32Array, scales: Float32Array, energy: (index: number) => number): number => {
    const back = decodeValues(encodeValues(values, scales, numberFormat('int8')), scales);
    return values.reduce((sum, value, index) => sum + energy(index) * (value - at(back, index)) ** 2, 0);
  };

  test('never makes the error at the output larger', () => {
    const weights = fc.array(fc.float({ min: -10, max: 10, noNaN: true }), { minLength: 8, maxLength: 8 });
    const energies = fc.array(fc.float({ min: 0, max: 10, noNaN: true }), { minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(weights, energies, (all, energy) => {
        const [values, squares] = [Float32Array.from(all), Float32Array.from(energy)];
        const scales = Float32Array.from(
          [0, 4],
          (from) => Math.max(1e-6, ...values.subarray(from, from + 4).map(Math.abs)) / 127,
        );
        const refined = refineScales(values, scales, 'int8', [2, 4], squares);
        const of = (index: number): number => at(squares, index % 4);
        expect(error(values, refined, of)).toBeLessThanOrEqual(error(values, scales, of));
      }),
    );
  });

  test('clips a weight whose input is always 0', () => {
    const values = Float32Array.of(1, 0.31, 0.52, 0.43);
    const scales = Float32Array.of(1 / 127);
    const [scale] = refineScales(values, scales, 'int8', [1, 4], Float32Array.of(0, 1, 1, 1));
    expect(scale).toBeLessThan(1 / 127);
    expect(refineScales(values, scales, 'int8', [1, 4], Float32Array.of(1, 0, 0, 0))).toEqual(scales);
  });

  test('a grouped convolution reads the inputs of its own group', () => {
    // Two groups of two inputs; the large weight of the first meets only zeros, that of the second does not.
    const values = Float32Array.of(1, 0.31, 1, 0.31);
    const scales = Float32Array.of(1 / 127, 1 / 127);
    const refined = refineScales(values, scales, 'int8', [2, 2, 1, 1], Float32Array.of(0, 1, 1, 0));
    expect(at(refined, 0)).toBeLessThan(at(scales, 0));
    expect(at(refined, 1)).toBe(at(scales, 1));
  });
});

describe('quantize with calibration', () => {
  const distance = (a: readonly number[], b: readonly number[]): number =>
    a.reduce((sum, value, index) => sum + (value - at(b, index)) ** 2, 0);

  test('keeps the outputs about as near to those before as a plain range, or nearer', async () => {
    const model = await trained();
    const before = await logitsOf(model, train);
    const { model: plain } = await runRecipe(model, [quantize({ granularity: 'tensor' })]);
    const steps = [quantize({ granularity: 'tensor', calibrate: { examples: 512 } })];
    const { model: tuned, records } = await runRecipe(model, steps, { data: { train } });
    expect(distance(await logitsOf(tuned, train), before)).toBeLessThan(
      distance(await logitsOf(plain, train), before) * 1.5,
    );
    expect(records[0]?.summary).toBe('round the weights of 2 tensors to int8 by tensor, calibrated on 512 examples');
  });

  test('needs data', async () => {
    await expect(runRecipe(await trained(), [quantize({ calibrate: true })])).rejects.toThrow(
      /quantize needs data for calibration/,
    );
    expect(() => quantize({ calibrate: { examples: 0 } })).toThrow(/calibrate\.examples is 0/);
  });
});
