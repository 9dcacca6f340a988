import { build, type Module, type ModuleConfig, type Parameter } from '@espalier/nn';
import { fromTyped, Generator, randn } from '@espalier/tensor';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { quantizationOf, quantize, runRecipe, setMask, type QuantizeOptions } from '../../src/index.ts';
import { decodeValues, encodeValues, runsOf } from '../../src/quantize/codes.ts';
import { roundKeepingSums } from '../../src/quantize/keep-sums.ts';
import { numberFormat } from '../../src/quantize/number-format.ts';
import { findScales } from '../../src/quantize/quantize-tensor.ts';
import { perceptron, train } from '../helpers/blobs.ts';

const sumOf = (values: Float32Array): number => values.reduce((sum, value) => sum + value, 0);

test('sums are kept to a step, no weight moves by one, and what is 0 stays so', () => {
  fc.assert(
    fc.property(
      fc.record({
        rows: fc.integer({ min: 1, max: 4 }),
        columns: fc.integer({ min: 1, max: 70 }),
        group: fc.option(fc.constantFrom(3, 8, 32), { nil: undefined }),
        zeros: fc.boolean(),
        name: fc.constantFrom('int8', 'int4', 'int3'),
        seed: fc.nat(1000),
      }),
      ({ rows, columns, group, zeros, name, seed }) => {
        const drawn = randn([rows, columns], { generator: new Generator(seed) }).dataSync() as Float32Array;
        const values = drawn.map((value, at) => (at % 5 === 1 ? 0 : value));
        const numbers = numberFormat(name);
        const count = rows * (group === undefined ? 1 : Math.ceil(columns / group));
        const runs = runsOf(values.length, columns, count, group);
        const scaling = { ...findScales(values, runs, numbers, { type: 'min-max' }, zeros), group };
        const rounded = roundKeepingSums(values, scaling, numbers, columns);
        expect(encodeValues(rounded, scaling, numbers, columns)).toEqual(
          encodeValues(
            decodeValues(encodeValues(rounded, scaling, numbers, columns), scaling, columns),
            scaling,
            numbers,
            columns,
          ),
        );
        for (const [run, [begin, end]] of runs.entries()) {
          const scale = scaling.scales[run] as number;
          const [before, after] = [values.slice(begin, end), rounded.slice(begin, end)];
          for (const [at, value] of before.entries()) {
            if (value === 0) expect(after[at]).toBe(0);
            // With a zero point the ends of a range may be cut by half a step.
            expect(Math.abs(value - (after[at] as number))).toBeLessThan(scale * (zeros ? 1.5001 : 1.0001));
          }
          if (!zeros && name === 'int8')
            expect(Math.abs(sumOf(before) - sumOf(after))).toBeLessThan(
              scale * (group === undefined ? 0.5001 : 1.5001) + 1e-5,
            );
        }
      },
    ),
  );
});

/** A linear layer whose weights in each row are drawn, with one of another size. */
function outlier(size: number): Float32Array<ArrayBuffer> {
  const values = Float32Array.from(randn([64 * 64], { generator: new Generator(1) }).dataSync() as Float32Array);
  for (let row = 0; row < 64; row++) values[row * 65] = size;
  return values;
}

async function roundedWeight(config: ModuleConfig, values: Float32Array<ArrayBuffer>, options: QuantizeOptions) {
  const given = build(config, { seed: 1 });
  given
    .namedParameters()
    .get('weight')
    ?.tensor.assign(fromTyped(values, [64, 64]).realizeSync());
  const { model } = await runRecipe(given, [quantize(options)]);
  const weight = model.namedParameters().get('weight') as Parameter;
  return { weight, view: quantizationOf(weight) };
}

test('what fits is a scale for a channel, or for 8 weights where one of them is far larger than all others', async () => {
  const layer = { type: 'linear', in: 64, out: 64 };
  expect((await roundedWeight(layer, outlier(1), { granularity: 'fitting' })).view?.group).toBeUndefined();
  expect((await roundedWeight(layer, outlier(40), { granularity: 'fitting' })).view?.group).toBe(8);
  expect((await roundedWeight(layer, outlier(1), { granularity: 'fitting', weights: 'int4' })).view?.group).toBe(32);
});

test('depthwise convolutions stay as they are, unless there is nothing else', async () => {
  const depthwise = { type: 'conv2d', in: 4, out: 4, kernel: 3, groups: 4 };
  const model = build(
    { type: 'sequential', layers: [depthwise, { type: 'conv2d', in: 4, out: 4, kernel: 1 }] },
    { seed: 1 },
  );
  const { records } = await runRecipe(model, [quantize({ granularity: 'fitting' })]);
  expect(Object.keys(records[0]?.details ?? {})).toEqual(['1.weight']);
  expect(records[0]?.summary).toBe(
    'round the weights of 1 tensors to int8 by channel, or by group where that fits better',
  );
  const alone = build({ type: 'sequential', layers: [depthwise] }, { seed: 1 });
  const { records: others } = await runRecipe(alone, [quantize({ granularity: 'fitting' })]);
  expect(Object.keys(others[0]?.details ?? {})).toEqual(['0.weight']);
});

test('sums are kept where that is said', async () => {
  const values = outlier(1);
  const most = async (options: QuantizeOptions): Promise<number> => {
    const { view, weight } = await roundedWeight({ type: 'linear', in: 64, out: 64 }, values, options);
    const after = (await weight.value.data()) as Float32Array;
    const moved = Array.from({ length: 64 }, (_, row) => {
      const part = [row * 64, row * 64 + 64] as const;
      return Math.abs(sumOf(values.slice(...part)) - sumOf(after.slice(...part))) / (view?.scales[row] as number);
    });
    return Math.max(...moved);
  };
  expect(await most({})).toBeGreaterThan(2);
  expect(await most({ keepSums: true })).toBeLessThan(0.501);
  expect(await most({ keepSums: false })).toBe(await most({}));
  expect(() => quantize({ keepSums: 1 as never })).toThrow(/keepSums is 1; it must be true or false/);
});

test('masks stay masks', async () => {
  const given = build(perceptron(32), { seed: 5 });
  const weightOf = (model: Module): Parameter => model.namedParameters().get('0.weight') as Parameter;
  const weight = weightOf(given);
  setMask(
    weight,
    Uint8Array.from({ length: weight.size }, (_, at) => at % 2),
  );
  const options = { granularity: 'fitting', correctBiases: { examples: 8 } } as const;
  const { model } = await runRecipe(given, [quantize(options)], { data: { train } });
  const values = (await weightOf(model).value.data()) as Float32Array;
  expect(values.filter((value, at) => at % 2 === 0 && value !== 0)).toHaveLength(0);
});
