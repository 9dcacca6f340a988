import { ArgumentError, compile, createCpuDevice, ones, tensor, type Tensor } from '@espalier/tensor';
import { describe, expect, test } from 'vitest';

const x = ones([1]);

class Scale {
  #hidden: number;
  factor = 1;
  weight: Tensor = tensor([1]);

  constructor(hidden: number) {
    this.#hidden = hidden;
  }

  apply(input: Tensor): Tensor {
    return input.mul(this.#hidden * this.factor).mul(this.weight);
  }
}

describe('a compiled function', () => {
  test.each<[string, (input: Tensor, value: never) => Tensor, readonly unknown[]]>([
    ['numbers without a text in JSON', (a, value) => a.mul(value), [Infinity, -Infinity, NaN]],
    ['zeros of both signs', (a, value: number) => a.mul(1 / value), [0, -0]],
    ['undefined and null', (a, value) => a.mul(value === undefined ? 2 : 3), [undefined, null]],
    ['functions', (a, value: (b: Tensor) => Tensor) => value(a), [(b: Tensor) => b.mul(2), (b: Tensor) => b.mul(3)]],
    ['maps', (a, value: Map<string, number>) => a.mul(value.get('k') ?? 0), [new Map([['k', 2]]), new Map([['k', 3]])]],
    ['objects of classes', (a, value: Scale) => value.apply(a), [new Scale(2), new Scale(3)]],
    ['big numbers', (a, value: bigint) => a.mul(Number(value)), [2n, 3n]],
    ['typed arrays', (a, value: Float32Array) => a.mul(value[0] ?? 0), [Float32Array.of(2), Float32Array.of(3)]],
    ['texts that look like other values', (a, value) => a.mul(typeof value === 'string' ? 2 : 3), [x, '=0', 0, '0']],
  ])('tells %s apart', (_name, fn, values) => {
    const step = compile(fn as (input: Tensor, value: unknown) => Tensor);
    const plain = fn as (input: Tensor, value: unknown) => Tensor;
    for (const value of [...values, ...values]) expect(step(x, value).itemSync()).toBe(plain(x, value).itemSync());
  });

  test('sees what changed in an object that it is given, and records nothing for new values of its tensors', () => {
    const step = compile((input: Tensor, scale: Scale) => scale.apply(input));
    const scale = new Scale(2);
    expect(step(x, scale).itemSync()).toBe(2);
    scale.weight.assign(tensor([5]));
    expect(step(x, scale).itemSync()).toBe(10);
    expect(step.recordings).toBe(1);
    scale.factor = 3;
    expect(step(x, scale).itemSync()).toBe(30);
    scale.weight = tensor([1]);
    expect(step(x, scale).itemSync()).toBe(6);
  });

  test('tells devices of one name apart', () => {
    const step = compile((input: Tensor) => input.add(1));
    const devices = [2, 3].map((threads) => createCpuDevice({ name: 'twice', threads }));
    for (const [place, device] of [...devices, ...devices].entries()) {
      const out = step(tensor([place], { device }));
      expect([out.itemSync(), out.device]).toEqual([place + 1, device]);
    }
    expect(step.recordings).toBe(2);
    for (const device of devices) device.dispose();
  });

  test('refuses what contains itself', () => {
    const cyclic: { x: Tensor; self?: unknown } = { x };
    cyclic.self = cyclic;
    expect(() => compile((value: typeof cyclic) => value.x.add(1))(cyclic)).toThrow(ArgumentError);
  });
});
