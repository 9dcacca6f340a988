import { createReferenceDevice, type OpEntry, type Tensor } from '@espalier/tensor';
import { anyOpCase, checkOp } from '@espalier/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { given } from '../given.ts';

const double: OpEntry = {
  name: 'double',
  family: 'elementwise',
  summary: 'a + a',
  run: ([a]) => given(a).add(given(a)),
  domain: (choose) => ({
    inputs: [{ shape: choose.shape(), dtype: choose.dtype(['float', 'signed']), values: { kind: 'any' } }],
    attributes: { kept: choose.pick(['a', 'b']) },
  }),
  tolerance: { ulps: 0 },
};
const device = createReferenceDevice('under test');

/** `double`, but with another meaning on the device under test. */
const different = (meaning: (doubled: Tensor) => Tensor | readonly Tensor[]): OpEntry => ({
  ...double,
  run: ([a]) => {
    const doubled = given(a).add(given(a));
    return doubled.device === device ? meaning(doubled) : doubled;
  },
});

test('an op that agrees with the reference passes on its whole domain', async () => {
  expect(await checkOp(double, device, { runs: 40 })).toMatchObject({ cases: 40 });
});

test.each([
  ['a value', (doubled: Tensor) => doubled.maximum(3), /first at \[.*\]: actual 3, expected/],
  ['a shape', (doubled: Tensor) => doubled.flatten().unsqueeze(0), /gave shape \[1, 1\], the reference \[/],
  ['a dtype', (doubled: Tensor) => doubled.cast('f64'), /gave f64, the reference/],
  ['the number of results', (doubled: Tensor) => [doubled, doubled.neg()], /gave 2 results, the reference 1/],
  ['the sign of zero', (doubled: Tensor) => doubled.mul(0).add(doubled), /actual (0, expected -0|NaN)/],
] as const)('an op that gets %s wrong is caught', async (_, meaning, message) => {
  await expect(checkOp(different(meaning), device, { runs: 200, seed: 3 })).rejects.toThrow(message);
});

test('the failing case is shrunk to one element and prints inputs and attributes', async () => {
  const failing = checkOp(
    different((doubled) => doubled.add(1)),
    device,
    { runs: 50, seed: 3 },
  );
  await expect(failing).rejects.toThrow(/= \[0(?:, 0)*\]\n\s+attributes: \{"kept":"a"\}/);
});

test('memory that stays allocated is caught', async () => {
  const leaking = different((doubled) => {
    device.allocate(16);
    return doubled;
  });
  await expect(checkOp(leaking, device, { runs: 5, seed: 3 })).rejects.toThrow('1 buffers are still allocated');
});

test('cases draw every dtype the op and the device have in common', () => {
  const cases = fc.sample(anyOpCase(double, { device }), { numRuns: 200, seed: 1 });
  expect(new Set(cases.map(({ inputs }) => inputs[0]?.dtype))).toEqual(
    new Set(['f32', 'f64', 'f16', 'bf16', 'i32', 'i8']),
  );
});

test('distinct values are distinct', () => {
  const entry: OpEntry = {
    ...double,
    domain: () => ({
      inputs: [{ shape: [5, 8], dtype: 'bf16', values: { kind: 'distinct', gap: 0.3 } }],
      attributes: {},
    }),
  };
  for (const { inputs } of fc.sample(anyOpCase(entry, { device }), { numRuns: 20, seed: 1 })) {
    const sorted = inputs[0]?.values.toSorted((a, b) => a - b) ?? [];
    for (const [position, value] of sorted.slice(1).entries())
      expect(value - (sorted[position] ?? 0)).toBeGreaterThanOrEqual(0.3);
  }
});
