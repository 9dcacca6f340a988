import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createCpuDevice } from '../../../src/devices/cpu/cpu-device.ts';
import { createReferenceDevice } from '../../../src/devices/reference/reference-device.ts';
import type { DType } from '../../../src/dtype/dtype.ts';
import type { Access, MatmulSpec } from '../../../src/kernel/spec.ts';
import { matmulSpec } from '../matmul-spec.ts';
import { runOn } from '../run-on.ts';

const cpu = createCpuDevice();
const reference = createReferenceDevice();

interface MatmulCase {
  readonly spec: MatmulSpec;
  readonly contents: readonly (readonly number[])[];
}

/** Small integers: every product and sum is exact in f32, so that results must be equal. */
function numbers(count: number, seed: number): number[] {
  return Array.from({ length: count }, (_, i) => ((Math.imul(i + seed, 2654435761) >>> 20) % 9) - 4);
}

function layout(
  sizes: readonly number[],
  order: readonly number[],
  broadcastBatch: boolean,
): { strides: number[]; length: number } {
  const strides = sizes.map(() => 0);
  let step = 1;
  for (const dim of order.toReversed()) {
    if (broadcastBatch && dim < sizes.length - 2) continue;
    strides[dim] = step;
    step *= sizes[dim] ?? 1;
  }
  return { strides, length: step };
}

const dtypes: readonly DType[] = ['f32', 'f32', 'f32', 'f16', 'bf16'];

const matmulCases: fc.Arbitrary<MatmulCase> = fc.gen().map((draw) => {
  const size = (max: number): number => draw(fc.integer, { min: 1, max });
  const batch = Array.from({ length: draw(fc.integer, { min: 0, max: 2 }) }, () => size(3));
  const [m, n, k] = [size(21), size(21), draw(fc.integer, { min: 0, max: 3 }) === 0 ? size(300) : size(12)];
  const dtype = dtypes[draw(fc.integer, { min: 0, max: dtypes.length - 1 })] as DType;
  const place = (sizes: readonly number[], broadcasts: boolean): { strides: number[]; length: number } => {
    const order = sizes.map((_, dim) => dim);
    if (draw(fc.boolean)) order.push(...order.splice(order.length - 2, 1));
    if (draw(fc.integer, { min: 0, max: 5 }) === 0) order.reverse();
    return layout(sizes, order, broadcasts && draw(fc.boolean));
  };
  const [a, b, out] = [place([...batch, m, k], true), place([...batch, k, n], true), place([...batch, m, n], false)];
  const access = (binding: number, { strides }: { strides: number[] }): Access => ({
    binding,
    offset: binding,
    strides,
  });
  const spec: MatmulSpec = {
    kind: 'matmul',
    bindings: [
      { dtype, access: 'read' },
      { dtype, access: 'read' },
      { dtype, access: 'write' },
    ],
    batch,
    m,
    n,
    k,
    a: access(0, a),
    b: access(1, b),
    out: access(2, out),
  };
  return {
    spec,
    contents: [numbers(a.length, 1), numbers(b.length + 1, 7), new Array<number>(out.length + 2).fill(0)],
  };
});

describe('matmul', () => {
  test('agrees with the reference on random shapes and strides', () => {
    fc.assert(
      fc.property(matmulCases, ({ spec, contents }) => {
        expect(cpu.accepts(spec)).toBe(true);
        expect(runOn(cpu, spec, contents)).toEqual(runOn(reference, spec, contents));
      }),
      { numRuns: 200 },
    );
  }, 60_000);

  test('goes through every block size', () => {
    const [m, n, k] = [133, 1031, 515];
    const spec = matmulSpec({ m, n, k });
    const [a, b] = [numbers(m * k, 3), numbers(k * n, 5)];
    const out = runOn(cpu, spec, [a, b, new Array<number>(m * n).fill(0)])[2] as number[];
    for (const [i, j] of [
      [0, 0],
      [132, 1030],
      [127, 1023],
      [128, 1024],
      [60, 500],
    ] as const) {
      let sum = 0;
      for (let p = 0; p < k; p++) sum += (a[i * k + p] as number) * (b[p * n + j] as number);
      expect(out[i * n + j]).toBe(sum);
    }
  });

  test('leaves f64 and integers to the planner', () => {
    expect(cpu.accepts(matmulSpec({ dtype: 'f64', m: 2, n: 2, k: 2 }))).toBe(false);
    expect(cpu.accepts(matmulSpec({ dtype: 'i32', m: 2, n: 2, k: 2 }))).toBe(false);
  });
});
