/** Matrix products on the adapter against the reference, with both families of kernels. */
import { describe, test, vi } from 'vitest';
import type { MatmulSpec } from '../../../src/kernel/spec.ts';
import { matmulSpec, type ProductCase } from '../matmul-spec.ts';
import { expectAgreement, tunedDevices, tunings } from './agreement.ts';
import { contentOf, load, scalar, store } from './specs.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const deviceOf = tunedDevices();

async function check(tuning: string, item: ProductCase): Promise<void> {
  const { dtype = 'f32', batch = [], m, n, k } = item;
  const count = batch.reduce((product, length) => product * length, 1);
  const contents = [contentOf(dtype, count * m * k), contentOf(dtype, count * k * n, 2), count * m * n];
  const rounding = dtype === 'f16' ? 2 ** -10 : dtype === 'bf16' ? 2 ** -7 : 0;
  await expectAgreement(deviceOf(tuning), matmulSpec(item), contents, {
    absolute: 1e-5 * Math.sqrt(k) * 4,
    relative: 1e-5 + rounding,
  });
}

/** Every layout and size class in registers; through workgroup memory, whose kernels an emulated GPU compiles slowly, one of each kind. */
const cases: Readonly<Record<(typeof tunings)[number], [string, ProductCase][]>> = {
  software: [
    ['square, aligned', { m: 64, n: 64, k: 64 }],
    ['ragged', { m: 67, n: 61, k: 35 }],
    ['several tiles', { m: 136, n: 132, k: 20 }],
    ['transposed left', { m: 40, n: 36, k: 24, transposeA: true }],
    ['transposed right', { m: 40, n: 36, k: 24, transposeB: true }],
    ['both transposed', { m: 40, n: 36, k: 24, transposeA: true, transposeB: true }],
    ['ragged, transposed', { m: 33, n: 35, k: 37, transposeA: true, transposeB: true }],
    ['row times matrix', { m: 1, n: 100, k: 300 }],
    ['matrix times column', { m: 100, n: 1, k: 300 }],
    ['few columns', { m: 128, n: 10, k: 84 }],
    ['few outputs, long sums', { m: 8, n: 12, k: 4099 }],
    ['tall and thin', { m: 3, n: 5, k: 7 }],
    ['outer product', { m: 33, n: 34, k: 1 }],
    ['empty sum', { m: 3, n: 4, k: 0 }],
    ['batched', { batch: [2, 3], m: 33, n: 40, k: 12 }],
    ['f16', { dtype: 'f16', m: 64, n: 36, k: 40 }],
    ['f16, ragged', { dtype: 'f16', m: 35, n: 37, k: 33 }],
    ['bf16, transposed right', { dtype: 'bf16', m: 36, n: 40, k: 32, transposeB: true }],
    ['i32', { dtype: 'i32', m: 9, n: 10, k: 11 }],
    ['split sums of halves', { dtype: 'f16', m: 32, n: 32, k: 2048 }],
  ],
  hardware: [
    ['ragged', { m: 67, n: 61, k: 35 }],
    ['aligned, left transposed', { m: 68, n: 40, k: 32, transposeA: true }],
    ['batched, right transposed', { batch: [2], m: 33, n: 36, k: 20, transposeB: true }],
    ['wide blocks', { m: 650, n: 648, k: 9 }],
    ['split sums of halves', { dtype: 'f16', m: 32, n: 32, k: 2048 }],
    ['few columns, in registers', { m: 128, n: 10, k: 84 }],
    ['few rows, in registers, right transposed', { m: 10, n: 128, k: 86, transposeA: true, transposeB: true }],
    ['few rows, in registers, aligned', { m: 12, n: 128, k: 84, transposeB: true }],
  ],
};

/** Products of which every dimension ends at a length, one row, column or term at least behind it; what is there is in `ends`. */
const bounded: Readonly<Record<(typeof tunings)[number], [string, ProductCase, readonly number[]][]>> = {
  software: [
    ['ragged', { m: 67, n: 61, k: 35 }, [50, 33, 20]],
    ['aligned, within whole vectors', { m: 64, n: 64, k: 64 }, [64, 30, 61]],
    ['long sums in parts', { m: 8, n: 12, k: 4099 }, [5, 7, 3001]],
    ['long sums whose last parts are empty', { m: 8, n: 12, k: 4099 }, [8, 12, 100]],
    ['no sum at all', { m: 8, n: 12, k: 20 }, [7, 5, 0]],
    ['batched', { batch: [2, 3], m: 33, n: 40, k: 12 }, [1, 2, 9, 40, 12]],
    ['halves', { dtype: 'f16', m: 64, n: 36, k: 40 }, [33, 10, 39]],
  ],
  hardware: [
    ['ragged, through workgroup memory', { m: 67, n: 61, k: 35 }, [65, 10, 17]],
    ['aligned, left transposed', { batch: [2], m: 68, n: 40, k: 32, transposeA: true }, [1, 65, 33, 20]],
    ['split sums of halves', { dtype: 'f16', m: 32, n: 32, k: 2048 }, [31, 5, 700]],
    ['few columns, in registers', { m: 128, n: 10, k: 84 }, [100, 3, 50]],
    [
      'few rows, in registers, right transposed',
      { m: 10, n: 128, k: 86, transposeA: true, transposeB: true },
      [9, 70, 85],
    ],
  ],
};

describe.each(tunings)('matmul, tuned for %s', (tuning) => {
  test.each(bounded[tuning])('%s, up to lengths, and nothing behind them', async (_, item, ends) => {
    const { dtype = 'f32', batch = [], m, n, k } = item;
    const spec = matmulSpec(item);
    const count = batch.reduce((product, length) => product * length, 1);
    const limited: MatmulSpec = {
      ...spec,
      bindings: [...spec.bindings, { dtype: 'i32', access: 'read' }],
      limits: ends.map((_length, dim) => ({ dim, binding: 3, offset: dim })),
    };
    const contents = [contentOf(dtype, count * m * k), contentOf(dtype, count * k * n, 2), count * m * n, ends];
    const relative = 1e-5 + (dtype === 'f16' ? 2 ** -10 : 0);
    await expectAgreement(deviceOf(tuning), limited, contents, { absolute: 1e-5 * Math.sqrt(k) * 4, relative });
  });

  test.each(cases[tuning])('%s', async (_, item) => {
    await check(tuning, item);
  });

  test('a matrix times its own transpose, broadcast over a batch, with bias and relu behind it', async () => {
    for (const k of tuning === 'software' ? [16, 1600] : [16]) {
      const spec: MatmulSpec = {
        kind: 'matmul',
        bindings: [
          { dtype: 'f32', access: 'read' },
          { dtype: 'f32', access: 'read' },
          { dtype: 'f16', access: 'write' },
          { dtype: 'f32', access: 'write' },
        ],
        batch: [2],
        m: 36,
        n: 36,
        k,
        a: { binding: 0, offset: 0, strides: [0, k, 1] },
        b: { binding: 0, offset: 0, strides: [0, 1, k] },
        epilogue: [
          { kind: 'accumulator', dtype: 'f32' },
          load(1, [36, 0, 1]),
          scalar('add', [0, 1], 'f32'),
          { kind: 'constant', value: 0, dtype: 'f32' },
          scalar('max', [2, 3], 'f32'),
          store(2, [36 * 36, 36, 1], 4),
          store(3, [36 * 36, 1, 36], 4),
        ],
      };
      await expectAgreement(
        deviceOf(tuning),
        spec,
        [contentOf('f32', 36 * k), contentOf('f32', 72), 2 * 36 * 36, 2 * 36 * 36],
        { absolute: 4e-3, relative: 2 ** -10 },
      );
    }
  });
});
