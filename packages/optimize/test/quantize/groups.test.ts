import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, Parameter, type Module } from '@espalier/nn';
import { fromTyped, Generator, randn, type Tensor } from '@espalier/tensor';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  copyModel,
  maskOf,
  materialize,
  materializeModel,
  quantizationOf,
  quantize,
  restore,
  runRecipe,
  setMask,
  setQuantization,
} from '../../src/index.ts';
import { decodeValues, encodeValues, runsOf, scaleCount, scaleIndex } from '../../src/quantize/codes.ts';
import { numberFormat } from '../../src/quantize/number-format.ts';
import { loadOptimized, saveOptimized } from '../../src/node/index.ts';
import { accuracyOf, expectSameLogits, logitsOf, train, trained } from '../helpers/blobs.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'espalier-groups-'));
});
afterAll(async () => rm(root, { recursive: true, force: true }));

const anyScaling = fc.record({
  rows: fc.integer({ min: 1, max: 5 }),
  columns: fc.integer({ min: 1, max: 40 }),
  group: fc.option(fc.constantFrom(3, 16, 32), { nil: undefined }),
  zeros: fc.boolean(),
  format: fc.constantFrom('int8', 'int4', 'int3', 'int2'),
  seed: fc.nat(1000),
});

describe('groups and zero points', () => {
  test('runs of values that share a scale cover each value once, as the index says', () => {
    fc.assert(
      fc.property(anyScaling, ({ rows, columns, group }) => {
        const [count, scales] = [rows * columns, scaleCount(rows, columns, group)];
        const at = scaleIndex({ scales: new Float32Array(scales), group }, count, columns);
        const seen = runsOf(count, columns, scales, group).flatMap(([begin, end], run) =>
          Array.from({ length: end - begin }, (_, step) => [begin + step, run]),
        );
        expect(seen).toEqual(Array.from({ length: count }, (_, index) => [index, at(index)]));
      }),
    );
  });

  test('weights come back from a file as the model computed with them, masked or not; what is 0 stays 0', async () => {
    await fc.assert(
      fc.asyncProperty(anyScaling, fc.boolean(), async (drawn, masked) => {
        const { rows, columns, group, zeros, format, seed } = drawn;
        const generator = new Generator(seed);
        const parameter = new Parameter(randn([rows, columns], { generator }));
        const count = scaleCount(rows, columns, group);
        const numbers = numberFormat(format);
        const scales = Float32Array.from({ length: count }, (_, at) => 0.1 * (1 + (at % 3)));
        const zero = Int8Array.from({ length: count }, (_, at) => Math.min(numbers.maximum, (at % 3) - 1));
        if (masked)
          setMask(
            parameter,
            Uint8Array.from({ length: rows * columns }, (_, at) => (at % 3 === 0 ? 0 : 1)),
          );
        setQuantization(parameter, format, scales, {
          ...(zeros && { zeros: zero }),
          ...(group !== undefined && { group }),
        });
        const wanted = [...parameter.value.dataSync()];
        for (const value of wanted) expect(Object.is(value, -0)).toBe(false);
        const weight = await materialize(parameter);
        const other = new Parameter(randn([rows, columns]));
        restore('weight', other, weight, weight.arrays);
        expect([...other.value.dataSync()]).toEqual(wanted);
        if (masked) {
          expect(wanted.filter((_, at) => at % 3 === 0).every((value) => value === 0)).toBe(true);
          void other.tensor;
          const kept = await maskOf(other)?.kept();
          for (const [at, is] of (kept ?? []).entries()) if (at % 3 === 0) expect(is).toBe(0);
        }
        // Training goes on under the same numbers.
        void other.tensor;
        const [view, known] = [quantizationOf(other), quantizationOf(parameter)];
        expect(view?.settings).toBe(known?.settings);
        expect([...other.value.dataSync()]).toEqual(wanted);
      }),
      { numRuns: 60 },
    );
  });

  test('codes are right to half a step, and coding again changes nothing', () => {
    fc.assert(
      fc.property(anyScaling, ({ rows, columns, group, format, seed }) => {
        const values = randn([rows, columns], { generator: new Generator(seed) }).dataSync() as Float32Array;
        const count = scaleCount(rows, columns, group);
        const numbers = numberFormat(format);
        const scaling = {
          scales: new Float32Array(count).fill(0.25),
          zeros: new Int8Array(count).fill(numbers.minimum + 1),
          group,
        };
        const codes = encodeValues(values, scaling, numbers, columns);
        const back = decodeValues(codes, scaling, columns);
        const [low, high] = [-0.25, (numbers.maximum - numbers.minimum - 1) * 0.25];
        for (const [index, value] of back.entries())
          expect(Math.abs(value - Math.max(low, Math.min(high, values[index] as number)))).toBeLessThanOrEqual(
            0.125001,
          );
        expect(encodeValues(back, scaling, numbers, columns)).toEqual(codes);
      }),
    );
  });

  const options = [
    { weights: 'int4', group: 32 },
    { weights: 'int4', granularity: 'group', zeros: true },
    { weights: 'int3', zeros: true },
    { weights: 'int8', group: 5, zeros: true },
    { weights: 'int2', group: 16, calibrate: true },
    { weights: 'int4', group: 16, activations: 'static' },
    { weights: 'int2', group: 16, zeros: true, train: { epochs: 2 } },
    { weights: 'int3', group: 16, train: { epochs: 2 } },
  ] as const;

  test.each(options.map((each) => [JSON.stringify(each), each] as const))(
    'quantize(%s) keeps accuracy, and is saved and loaded as it is',
    async (_, each) => {
      const model = await trained();
      const { model: rounded } = await runRecipe(model, [quantize(each)], { data: { train } });
      expect(await accuracyOf(rounded)).toBeGreaterThan((await accuracyOf(model)) - 0.05);
      const folder = join(root, Math.random().toString(36).slice(2));
      await saveOptimized(folder, rounded);
      const { model: loaded } = await loadOptimized(folder);
      expectSameLogits(await logitsOf(loaded), await logitsOf(rounded));
      expect(await logitsOf(await materializeModel(rounded))).toEqual(await logitsOf(loaded));
      expectSameLogits(await logitsOf(await copyModel(rounded)), await logitsOf(rounded));
      const isStored = each.weights !== 'int8';
      expect(loaded.parameters()[0]?.stored?.matrix.format.name).toBe(isStored ? formatOf(each) : undefined);
    },
  );

  const formatOf = (each: object): string => ('group' in each || 'zeros' in each ? 'int4' : 'int8');

  test('a group or zero points lose less than a scale around 0 for a whole channel', async () => {
    const model: Module = build({ type: 'linear', in: 64, out: 8 }, { seed: 1 });
    const [weight] = model.parameters();
    const values = randn([8, 64], { generator: new Generator(3) }).abs();
    const sizes = fromTyped(
      Float32Array.from({ length: 64 }, (_, at) => (at < 32 ? 1 : 0.05)),
      [64],
    );
    weight?.tensor.assign(values.mul(sizes).realizeSync());
    const errorOf = async (each: object): Promise<number> => {
      const { model: rounded } = await runRecipe(model, [quantize({ weights: 'int4', ...each })]);
      const [was, is] = [weight, rounded.parameters()[0]].map((of) => of?.value as Tensor) as [Tensor, Tensor];
      return is.sub(was).square().sum().itemSync();
    };
    const plain = await errorOf({});
    expect(await errorOf({ zeros: true })).toBeLessThan(plain / 2);
    expect(await errorOf({ group: 32 })).toBeLessThan(plain);
    expect(await errorOf({ group: 32, zeros: true })).toBeLessThan(await errorOf({ zeros: true }));
  });

  test.each([
    [{ granularity: 'channel', group: 32 }, /has a group and the granularity channel/],
    [{ group: 0 }, /group is 0; it must be a whole number of at least 1/],
    [{ zeros: 'yes' }, /zeros is "yes"; it must be true or false/],
  ])('%j is refused', (each, message) => {
    expect(() => quantize(each as never)).toThrow(message);
  });

  test('scales and zero points that do not fit are refused by what would', () => {
    const parameter = new Parameter(randn([2, 8]));
    const scales = (count: number): Float32Array => new Float32Array(count).fill(1);
    expect(() => setQuantization(parameter, 'int4', scales(3), { group: 4 })).toThrow(/does not fit \[2, 8\]/);
    expect(() => setQuantization(parameter, 'int4', scales(2), { zeros: Int8Array.of(9, 0) })).toThrow(/zeros \[9,0\]/);
    expect(setQuantization(parameter, 'int4', scales(4), { group: 4 }).group).toBe(4);
  });
});
