/** Kernels that decompose into tensor operations where a device has no implementation, and their gradients there. */
import {
  ArgumentError,
  compile,
  cpu,
  createCpuDevice,
  createReferenceDevice,
  defineKernel,
  gradients,
  ones,
  tensor,
  type Device,
  type Kernel,
  type KernelDescription,
  type Tensor,
} from '@espalier/tensor';
import { expectClose } from '@espalier/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { watchKernels } from './watch-kernels.ts';

/** a · b + a and a · b. */
const description: KernelDescription = {
  name: 'product and more',
  inputs: 2,
  outputs: ([a]) => (a ? [a, a] : []),
  reference: (_, [a, b], [more, product]) =>
    a?.forEach((value, i) => {
      const times = value * (b?.[i] as number);
      more?.fill(times + value, i, i + 1);
      product?.fill(times, i, i + 1);
    }),
  decompose: ([a, b]) => {
    const product = (a as Tensor).mul(b as Tensor);
    return [product.add(a as Tensor), product];
  },
};
const decomposing = defineKernel(description);
/** The same, by its own implementation on cpu. */
const implemented = defineKernel({
  ...description,
  cpu: (_, [a, b], [more, product]) =>
    a?.forEach((value, i) => {
      const times = value * (b?.[i] as number);
      more?.fill(times + value, i, i + 1);
      product?.fill(times, i, i + 1);
    }),
});
const reference = createReferenceDevice('decomposition');

const both = (kernel: Kernel, a: Tensor, b: Tensor): [Tensor, Tensor] => kernel([a, b]) as [Tensor, Tensor];

const numbers = fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 1, maxLength: 20 });

test('a kernel without an implementation runs as its parts, fused, and gives what its reference does', async () => {
  const device = createCpuDevice({ name: 'decomposing' });
  await fc.assert(
    fc.asyncProperty(numbers, async (values) => {
      const results = [device, reference].map((where) => {
        const watched = watchKernels(where);
        const a = tensor(values, { device: where });
        const [more, product] = both(decomposing, a, a.add(1).exp());
        const made = [more.add(product).arraySync()];
        watched.stop();
        expect(new Set(watched.specs.map(({ kind }) => kind)).has('custom')).toBe(where === reference);
        if (where === device) expect(watched.specs).toHaveLength(1);
        return made;
      });
      await expectClose(results[0] as never, results[1] as never, { relative: 1e-5, absolute: 1e-6 });
    }),
  );
  device.dispose();
});

describe.each<[string, Kernel, Device]>([
  ['its parts', decomposing, cpu()],
  ['the reference', decomposing, reference],
  ['an implementation', implemented, cpu()],
])('gradients of a kernel without a rule, run by %s', (_, kernel, device) => {
  const x = (): Tensor => tensor([1, 2, 3], { device }).requiresGradients();

  test('are those of its parts, for each output', async () => {
    const [a, b] = [x(), tensor([4, 5, 6], { device }).requiresGradients()];
    const [more, product] = both(kernel, a, b);
    const [byA, byB] = gradients(more.add(product.mul(10)).sum(), [a, b]);
    await expectClose(byA, [45, 56, 67]);
    await expectClose(byB, [11, 22, 33]);
  });

  test('add up where one tensor is given twice, or one is computed from the other', async () => {
    const a = x();
    await expectClose(gradients(both(kernel, a, a)[1].sum(), [a])[0], [2, 4, 6]);
    const b = x();
    await expectClose(gradients(both(kernel, b, b.square())[1].sum(), [b])[0], [3, 12, 27]);
  });

  test('are differentiated again', async () => {
    const a = x();
    const [first] = gradients(both(kernel, a, a.square())[1].sum(), [a], { differentiable: true });
    await expectClose(gradients(first.sum(), [a])[0], [6, 12, 18]);
  });

  test('are part of a recorded step', async () => {
    const a = x();
    const step = compile((b: Tensor) => gradients(both(kernel, a, b)[0].sum(), [a])[0]);
    for (const start of [1, 5])
      await expectClose(step(ones([3], { device }).mul(start)), [start + 1, start + 1, start + 1]);
    step.dispose();
  });
});

describe('a rule of its own', () => {
  const through = defineKernel({
    name: 'round',
    inputs: 1,
    outputs: ([x]) => (x ? [x] : []),
    reference: (_, [x], [y]) => x?.forEach((value, i) => y?.fill(Math.round(value), i, i + 1)),
    decompose: ([x]) => [(x as Tensor).add(0.5).floor()],
    gradient: ([g], { inputs: [x], outputs: [y] }) => [(g as Tensor).mul(x as Tensor).add(y as Tensor)],
  });

  test.each([cpu(), reference])('stands before the gradients of the parts on $name', async (device) => {
    const x = tensor([1.4, 2.6], { device }).requiresGradients();
    const [y] = through([x]) as [Tensor];
    await expectClose(y, [1, 3]);
    await expectClose(gradients(y.mul(10).sum(), [x])[0], [15, 29]);
  });
});

test('what a decompose gives has to be of the types that the outputs rule says', () => {
  const wrong = (decompose: NonNullable<KernelDescription['decompose']>): (() => unknown) => {
    const kernel = defineKernel({ ...description, decompose });
    return () => kernel([ones([2]), ones([2])]);
  };
  expect(wrong(([a]) => [a as Tensor])).toThrow(ArgumentError);
  expect(wrong(([a]) => [a as Tensor])).toThrow('its decompose gave f32 [2]; its outputs rule says f32 [2], f32 [2]');
  expect(wrong(([a]) => [a as Tensor, (a as Tensor).cast('i32')])).toThrow('its decompose gave f32 [2], i32 [2]');
  expect(wrong(() => [])).toThrow('gave nothing');
  expect(wrong((() => 3) as never)).toThrow('what its decompose gives');
});

describe('rules and implementations that are wrong are told by name, and touch no tensor', () => {
  const x = (): Tensor => tensor([[1, 2, 3]]).requiresGradients();
  const copy = (rest: Partial<KernelDescription>): Kernel =>
    defineKernel({
      name: 'copy',
      inputs: 1,
      outputs: ([a]) => (a ? [a] : []),
      reference: (_, [a], [y]) => y?.set(a ?? []),
      ...rest,
    });

  test('a rule that changes the shape that it is given changes its own', () => {
    const flat = copy({
      outputs: (inputs) => {
        const shape = inputs[0]?.shape as number[];
        shape.shift();
        return [{ dtype: 'f32', shape }];
      },
    });
    const given = x();
    expect(flat([given])[0]?.arraySync()).toEqual([1, 2, 3]);
    expect(given.shape).toEqual([1, 3]);
    expect(given.arraySync()).toEqual([[1, 2, 3]]);
  });

  test('a result keeps the shape that it was made with', () => {
    const shape = [1, 3];
    const [y] = copy({ outputs: () => [{ shape, dtype: 'f32' }] })([x()]);
    shape[0] = 1e6;
    expect(y?.arraySync()).toEqual([[1, 2, 3]]);
  });

  test('a rule that gives other results later than when it was called', () => {
    let calls = 0;
    const foreign = [1, 2, 3, 4].map((value) => ones([3]).mul(value).realizeSync());
    const [y] = copy({
      outputs: () => [{ shape: [3 + 3 * calls++], dtype: 'f32' }],
      scratch: () => [8 * calls],
      reference: (_, __, [out], [piece]) => {
        out?.fill(7);
        piece?.fill(7);
      },
    })([x()]);
    expect(y?.arraySync()).toEqual([7, 7, 7]);
    expect(foreign.map((each) => each.dataSync()[0])).toEqual([1, 2, 3, 4]);
  });

  test('attributes are those of the call, whatever becomes of the object', () => {
    const attributes = { by: 2 };
    const [y] = copy({ reference: ({ attributes: { by } }, _, [out]) => out?.fill(Number(by)) })([x()], attributes);
    attributes.by = 9;
    expect(y?.arraySync()).toEqual([[2, 2, 2]]);
  });

  test.each<[string, Partial<KernelDescription>, Device]>([
    ['a reference', { reference: async () => undefined }, cpu()],
    ['a reference there', { reference: async () => undefined }, createReferenceDevice('waits')],
    ['an implementation', { cpu: async () => undefined }, cpu()],
  ])('%s that waits', (_, rest, device) => {
    const [y] = copy(rest)([ones([2], { device })]);
    expect(() => y?.arraySync()).toThrow(ArgumentError);
    expect(() => y?.arraySync()).toThrow('copy: an implementation of it gave a Promise');
  });

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['a tensor', ones([1, 3])],
    ['too few', []],
    ['too many', [ones([1, 3]), ones([1, 3])]],
    ['a number', [1]],
    ['a promise', Promise.resolve([])],
  ])('a gradient rule that gives %s', (_, gave) => {
    const given = x();
    const [y] = copy({ gradient: () => gave as never })([given]);
    expect(() => gradients((y as Tensor).sum(), [given])).toThrow('copy: its gradient gave');
  });
});
