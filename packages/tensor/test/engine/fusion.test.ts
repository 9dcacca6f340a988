import {
  crossEntropy,
  cpu,
  createReferenceDevice,
  defaultDevice,
  defineElementwise,
  gradients,
  layerNorm,
  randn,
  randint,
  scalar,
  tensor,
  withDevice,
  type Device,
  type KernelSpec,
  type Tensor,
} from '@espalier/tensor';
import { describe, expect, test } from 'vitest';
import { watchKernels } from './watch-kernels.ts';

/** The specs that a device runs while `body` realizes something. */
function kernelsOf(body: () => void, device: Device = cpu()): readonly KernelSpec[] {
  const { specs, stop } = watchKernels(device);
  try {
    body();
  } finally {
    stop();
  }
  return specs;
}

const given = (...shape: number[]): Tensor => randn(shape).realizeSync();
const steps = (spec: KernelSpec | undefined): string[] =>
  spec?.kind === 'loop' ? spec.body.map((step) => (step.kind === 'scalar' ? step.op : step.kind)) : [];

describe('fusion', () => {
  test('a kernel that reads another one out of order is not merged with it by what reads both', () => {
    const squares = tensor([1, 2, 4]).square();
    const mixed = squares.flip(0).add(squares).mul(3).add(1);
    expect(squares.sub(mixed).arraySync()).toEqual([-51, -21, -36]);
  });

  test('a chain of element-wise ops is one kernel over one merged dimension', () => {
    const [a, b] = [given(6, 7), given(6, 7)];
    const kernels = kernelsOf(() => a.mul(b).add(a).relu().exp().realizeSync());
    expect(kernels).toHaveLength(1);
    expect(kernels[0]).toMatchObject({ kind: 'loop', outer: [42], inner: [] });
  });

  test('an op from outside is part of the chain, and its gradient too', () => {
    const softsign = defineElementwise({
      name: 'softsign',
      summary: 'a / (1 + |a|)',
      arity: 1,
      meaning: (a) => scalar.div(a, scalar.add(1, scalar.abs(a))),
      gradient: (g, _, a) => [g.div(a.abs().add(1).square())],
    });
    const [a, b] = [given(6, 7), given(6, 7)];
    expect(
      kernelsOf(() =>
        softsign([a.mul(b)])
          .add(a)
          .realizeSync(),
      ),
    ).toHaveLength(1);
    const x = a.requiresGradients();
    const gradient = (): Tensor | undefined => gradients(softsign([x.mul(b)]).sum(), [x])[0];
    expect(kernelsOf(() => gradient()?.realizeSync())).toHaveLength(1);
  });

  test('transposed and broadcast operands are read in place, without copies', () => {
    const [a, b, row] = [given(6, 7), given(7, 6), given(7)];
    const kernels = kernelsOf(() => a.add(b.t()).mul(row).realizeSync());
    expect(kernels).toHaveLength(1);
    expect(kernels[0]).toMatchObject({ outer: [6, 7] });
  });

  test.each([
    ['softmax', (x: Tensor) => x.softmax()],
    ['logSoftmax', (x: Tensor) => x.logSoftmax()],
    ['layer norm', (x: Tensor) => layerNorm(x)],
    ['variance', (x: Tensor) => x.var(-1)],
  ])('%s is one row kernel', (_, fn) => {
    const x = given(5, 9);
    const kernels = kernelsOf(() => fn(x).realizeSync());
    expect(kernels).toHaveLength(1);
    expect(kernels[0]).toMatchObject({ outer: [5], inner: [9] });
  });

  test('cross-entropy per row and its gradient share one row kernel', () => {
    const x = given(16, 10).requiresGradients();
    const y = randint(0, 10, [16]).realizeSync();
    x.realizeSync();
    const kernels = kernelsOf(() => gradients(crossEntropy(x, y), [x])[0]?.realizeSync());
    const rows = kernels.filter((spec) => spec.kind === 'loop' && spec.inner.length > 0 && spec.outer.length > 0);
    expect(rows).toHaveLength(1);
    expect(steps(rows[0]).filter((step) => step === 'reduce').length).toBeGreaterThanOrEqual(3);
  });

  test('a product takes its bias and activation as epilogue where the device has them', () => {
    const device = createReferenceDevice('epilogues');
    withDevice(device, () => {
      const [x, w, b] = [given(4, 5), given(5, 3), given(3)];
      const kernels = kernelsOf(() => x.matmul(w).add(b).relu().realizeSync(), device);
      expect(kernels).toHaveLength(1);
      expect(kernels[0]).toMatchObject({ kind: 'matmul', m: 4, n: 3, k: 5 });
      expect((kernels[0] as { epilogue?: unknown }).epilogue).toBeDefined();
    });
  });

  test('reductions over different axes of one value stay apart', () => {
    const x = given(4, 5);
    const shared = x.mul(2);
    const kernels = kernelsOf(() => shared.sum(0).add(0).realizeSync());
    expect(kernels.length).toBeGreaterThanOrEqual(1);
    const both = kernelsOf(() => shared.sum(0).sum().add(shared.sum(1).max()).realizeSync());
    expect(both.every((spec) => spec.kind === 'loop')).toBe(true);
    expect(both.length).toBeGreaterThan(1);
  });

  test('an equal structure with other numbers compiles nothing new', () => {
    const x = given(8);
    const first = kernelsOf(() => x.mul(3.25).add(0.125).realizeSync());
    const second = kernelsOf(() => x.mul(7.5).add(-9.75).realizeSync());
    expect(second).toEqual(first);
    expect(x.mul(7.5).add(-9.75).arraySync()).toEqual(
      (x.arraySync() as number[]).map((value) => Math.fround(Math.fround(value * 7.5) - 9.75)),
    );
  });

  test('a reshape that no strides express copies once and stays right', () => {
    const x = tensor([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect(x.t().reshape(6).arraySync()).toEqual([1, 4, 2, 5, 3, 6]);
    expect(x.t().reshape(2, 3).t().reshape(6).add(1).arraySync()).toEqual([2, 6, 5, 4, 3, 7]);
  });

  test('the default device is the processor', () => {
    expect(defaultDevice().name).toBe('cpu');
  });
});
