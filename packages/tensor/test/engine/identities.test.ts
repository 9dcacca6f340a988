/** What is different is not taken for the same: neither by the sharing of equal nodes, nor by the cache of plans and kernels. */
import { ArgumentError, cpu, createReferenceDevice, defineKernel, scope, tensor } from '@espalier/tensor';
import { describe, expect, test } from 'vitest';

describe.each([cpu(), createReferenceDevice('identities')])('on $name', (device) => {
  test('paddings with values that JSON cannot tell apart are different paddings', () => {
    const fills = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN, 0, -0];
    const x = tensor([1, 2], { device });
    for (const fill of fills) expect(Array.from(x.pad([[1, 0]], fill).dataSync())).toEqual([fill, 1, 2]);
    const together = scope(() => fills.map((fill) => x.pad([[1, 0]], fill)).reduce((a, b) => a.maximum(b)));
    expect(Array.from(together.dataSync())).toEqual([Number.NaN, 1, 2]);
  });

  test('attributes of kernels are JSON, so that calls with different ones are different', () => {
    const plus = defineKernel({
      name: 'plus',
      inputs: 1,
      outputs: ([x]) => (x ? [x] : []),
      reference: ({ attributes }, [x], [y]) =>
        y?.set((x as Float64Array).map((value) => value + Number(attributes['by']))),
    });
    const x = tensor([1], { device });
    expect([1, 2].map((by) => plus([x], { by })[0]?.itemSync())).toEqual([2, 3]);
    expect(plus([x], { by: 'Infinity' })[0]?.itemSync()).toBe(Number.POSITIVE_INFINITY);
    for (const by of [Number.NaN, Number.POSITIVE_INFINITY]) expect(() => plus([x], { by })).toThrow(ArgumentError);
    expect(() => plus([x], { by: Number.NaN })).toThrow(/attributes hold NaN at by.*as text/);
  });
});
