/** Scans, sorts and scatter-adds on the adapter against the reference. */
import { afterAll, beforeAll, describe, test, vi } from 'vitest';
import type { Device } from '../../../src/device/device.ts';
import { dtypes, type DType } from '../../../src/dtype/dtype.ts';
import type { ScanSpec, ScatterAddSpec, SortSpec } from '../../../src/kernel/spec.ts';
import { exact, expectAgreement, integers, openTestDevice } from './agreement.ts';
import { contentOf } from './specs.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const devices = new Map<string, Device>();
beforeAll(async () => {
  for (const tuning of ['software', 'hardware'] as const) devices.set(tuning, await openTestDevice(tuning));
});
afterAll(() => {
  for (const device of devices.values()) device.dispose();
});

describe.each(['software', 'hardware'] as const)('scan, tuned for %s', (tuning) => {
  test.each<[ScanSpec['op'], DType, number, number, number]>([
    ['sum', 'f32', 2, 100, 1],
    ['sum', 'f32', 3, 17, 30],
    ['sum', 'i32', 1, 1000, 1],
    ['prod', 'f32', 2, 20, 3],
    ['max', 'f16', 2, 37, 2],
    ['min', 'u8', 3, 41, 1],
    ['max', 'bool', 2, 9, 1],
  ])('%s of %s over [%i, %i, %i]', async (op, dtype, outer, length, inner) => {
    const spec: ScanSpec = {
      kind: 'scan',
      bindings: [
        { dtype, access: 'read' },
        { dtype, access: 'write' },
      ],
      op,
      outer,
      length,
      inner,
    };
    const size = outer * length * inner;
    await expectAgreement(devices.get(tuning) as Device, spec, [contentOf(dtype, size), size], {
      absolute: 1e-4,
      relative: 1e-4,
    });
  });
});

describe('sort', () => {
  const check = async (
    dtype: DType,
    rows: number,
    length: number,
    descending: boolean,
    content: number[],
  ): Promise<void> => {
    const spec: SortSpec = {
      kind: 'sort',
      bindings: [
        { dtype, access: 'read' },
        { dtype, access: 'write' },
        { dtype: 'i32', access: 'write' },
      ],
      rows,
      length,
      descending,
    };
    await expectAgreement(devices.get('software') as Device, spec, [content, rows * length, rows * length], exact);
  };

  test.each([false, true])('keeps the order of equals, zeros and NaN (descending: %s)', async (descending) => {
    const special = [0, -0, NaN, 1, Infinity, -Infinity, NaN, -0, 0, 1, -1, 1];
    await check(
      'f32',
      3,
      37,
      descending,
      integers(111, -3, 3).map((value, index) => special[index % 23] ?? value),
    );
    await check(
      'f16',
      2,
      33,
      descending,
      contentOf('f16', 66).map((value, index) => special[index % 40] ?? value),
    );
    await check('i32', 1, 130, descending, integers(130, -20, 20));
    await check('u8', 2, 9, descending, integers(18, 0, 4));
    await check('bool', 2, 5, descending, integers(10, 0, 1));
  });

  test('rows longer than a block', async () => {
    await check(
      'f32',
      2,
      3000,
      false,
      contentOf('f32', 6000).map((value, index) => (index % 7 === 0 ? 0.5 : value)),
    );
    await check('i32', 1, 5000, true, integers(5000, -100, 100));
  });

  test('rows of one element', async () => {
    await check('f32', 4, 1, false, [3, 1, NaN, 2]);
  });
});

describe('scatter-add', () => {
  const check = async (
    tuning: string,
    dtype: DType,
    outer: number,
    count: number,
    inner: number,
    length: number,
  ): Promise<void> => {
    const contiguous = [count * inner, inner, 1];
    const spec: ScatterAddSpec = {
      kind: 'scatter-add',
      bindings: [
        { dtype: 'i32', access: 'read' },
        { dtype, access: 'read' },
        { dtype, access: 'write' },
      ],
      outer,
      count,
      inner,
      length,
      index: { binding: 0, offset: 0, strides: [0, 1, 0] },
      source: { binding: 1, offset: 0, strides: contiguous },
      out: { binding: 2, offset: 0, strides: [length * inner, inner, 1] },
    };
    const rounding = dtypes[dtype].epsilon;
    await expectAgreement(
      devices.get(tuning) as Device,
      spec,
      [integers(count, -2, length + 1), contentOf(dtype, outer * count * inner), outer * length * inner],
      { absolute: 1e-5 + rounding, relative: 1e-5 + rounding },
    );
  };

  test.each<[string, DType, number, number, number, number]>([
    ['software', 'f32', 2, 30, 5, 7],
    ['software', 'f32', 1, 50, 1, 4],
    ['hardware', 'f32', 1, 20, 70, 50],
    ['software', 'f16', 2, 20, 3, 5],
    ['software', 'i32', 1, 40, 2, 6],
    ['software', 'u8', 1, 9, 3, 3],
    ['software', 'f32', 2, 0, 3, 4],
  ])('tuned for %s: %s [%i, %i, %i] into %i', async (tuning, dtype, outer, count, inner, length) => {
    await check(tuning, dtype, outer, count, inner, length);
  });
});
