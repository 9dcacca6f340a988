import { cpu, defineKernel, type Case, type Chooser, type KernelDescription } from '@espalier/tensor';
import { checkKernel } from '@espalier/testing';
import { expect, test } from 'vitest';
import { given } from '../given.ts';

/** a · b², with its gradient. */
const description: KernelDescription = {
  name: 'scaledSquare',
  inputs: 2,
  outputs: ([a]) => (a ? [a] : []),
  reference: (_, [a, b], [y]) => a?.forEach((value, i) => y?.fill(value * (b?.[i] ?? 0) ** 2, i, i + 1)),
  cpu: (_, [a, b], [y]) => a?.forEach((value, i) => y?.fill(value * (b?.[i] ?? 0) ** 2, i, i + 1)),
  gradient: ([g], { inputs: [a, b] }) => [given(g).mul(given(b).square()), given(g).mul(given(a)).mul(given(b)).mul(2)],
};

test('a right kernel passes, values and gradient', async () => {
  const report = await checkKernel(defineKernel(description), { runs: 20, seed: 1 });
  expect(report).toEqual({ cases: { cpu: 20 }, gradientCases: 20, seed: 1 });
});

test('an implementation that differs from the reference is caught', async () => {
  const wrong = defineKernel({ ...description, cpu: (_, [a], [y]) => y?.set((a as Float32Array).map(Math.abs)) });
  await expect(checkKernel(wrong, { seed: 1 })).rejects.toThrow(/kernel 'scaledSquare' on cpu[^]*input 1: f32/);
});

test('a wrong gradient is caught', async () => {
  const wrong = defineKernel({ ...description, gradient: ([g]) => [g, g] });
  await expect(checkKernel(wrong, { seed: 1 })).rejects.toThrow(/gradient of kernel 'scaledSquare'/);
});

test('what a kernel decomposes into is compared with its reference, and its gradient with finite differences', async () => {
  const { gradient: _, cpu: own, ...rest } = description;
  const parts: KernelDescription = { ...rest, decompose: ([a, b]) => [given(a).mul(given(b).square())] };
  // Products of extreme values overflow in f32, which the reference in doubles does not see.
  const values = { kind: 'range', low: -3, high: 3 } as const;
  const domain = (choose: Chooser): Case => {
    const shape = choose.shape();
    return { inputs: [0, 1].map(() => ({ shape, dtype: 'f32', values })), attributes: {} };
  };
  const report = await checkKernel(defineKernel(parts), { runs: 10, seed: 1, domain });
  expect(report).toEqual({ cases: { cpu: 10, decomposition: 10 }, gradientCases: 10, seed: 1 });
  const wrong = defineKernel({ ...parts, ...(own && { cpu: own }), decompose: ([a]) => [given(a).abs()] });
  await expect(checkKernel(wrong, { seed: 1, domain })).rejects.toThrow(
    /the decomposition of kernel 'scaledSquare' on cpu/,
  );
});

test('a kernel without a gradient, on a domain of its own, with attributes', async () => {
  const shift = defineKernel({
    name: 'shift',
    inputs: 1,
    outputs: ([x]) => (x ? [x] : []),
    reference: ({ attributes }, [x], [y]) =>
      x?.forEach((value, i) => y?.fill(value + Number(attributes['by']), i, i + 1)),
  });
  const report = await checkKernel(shift, {
    devices: [cpu()],
    runs: 10,
    domain: (choose) => ({
      inputs: [
        { shape: choose.shape(), dtype: choose.dtype(['signed']), values: { kind: 'integers', low: -9, high: 9 } },
      ],
      attributes: { by: choose.integer(0, 3) },
    }),
  });
  expect(report).toMatchObject({ cases: { cpu: 10 }, gradientCases: 0 });
});
