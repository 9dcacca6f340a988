// How tensors look in a console, without computing anything.
import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import {
  arange,
  ArgumentError,
  createReferenceDevice,
  memory,
  ones,
  tensor,
  zeros,
  type Device,
} from '../../src/index.ts';

test('shape, dtype, device and aligned values are shown', () => {
  expect(inspect(tensor(3))).toBe('Tensor([], f32, cpu) 3');
  expect(inspect(tensor([1, -2.5, Number.NaN, -0]))).toBe('Tensor([4], f32, cpu) [   1, -2.5,  NaN,   -0]');
  expect(inspect(tensor([true, false]))).toBe('Tensor([2], bool, cpu) [ true, false]');
  expect(inspect(tensor([0.1, 1 / 3], { dtype: 'f16' }))).toBe('Tensor([2], f16, cpu) [0.099976,  0.33325]');
  expect(inspect(tensor([[1, 2], [30, 4]], { dtype: 'u8' }))).toBe('Tensor([2, 2], u8, cpu)\n[[ 1,  2],\n [30,  4]]'); // prettier-ignore
  expect(String(tensor([[[1], [2]], [[3], [4]]]))).toBe('Tensor([2, 2, 1], f32, cpu)\n[[[1],\n  [2]],\n\n [[3],\n  [4]]]'); // prettier-ignore
  expect(String(zeros([2, 0]).realizeSync())).toBe('Tensor([2, 0], f32, cpu) []');
});

test('of many elements the first and last along each axis are shown', () => {
  expect(String(arange(1001).realizeSync())).toBe('Tensor([1001], f32, cpu) [   0,    1,    2, …,  998,  999, 1000]');
  expect(String(arange(1000).realizeSync())).not.toContain('…');
  const lines = String(arange(10_000).reshape(100, 100).realizeSync()).split('\n');
  expect([lines.length, lines[1], lines[4]]).toEqual([8, '[[   0,    1,    2, …,   97,   98,   99],', ' …,']);
  expect(String(ones(Array.from({ length: 20 }, () => 2)).add(1).realizeSync()).length).toBeLessThan(20_000); // prettier-ignore
  expect(Math.max(...String(arange(900).realizeSync()).split('\n').map((line) => line.length))).toBeLessThanOrEqual(100); // prettier-ignore
});

test('nothing is computed or kept for it', () => {
  const lazy = ones([4]).add(1);
  expect(inspect(lazy)).toBe('Tensor([4], f32, cpu, not read)');
  expect(inspect(lazy)).toContain('not read');
  const before = memory();
  const large = ones([64, 64]).add(1).realizeSync();
  const during = memory();
  expect(inspect(large)).toContain('2, 2');
  expect(memory()).toEqual(during);
  large.dispose();
  expect(inspect(large)).toBe('Tensor(disposed)');
  expect(memory()).toEqual(before);
});

test('a device that cannot be read at once is not waited for', () => {
  const reference = createReferenceDevice('distant');
  const distant: Device = Object.create(reference, {
    capabilities: { value: { ...reference.capabilities, synchronousRead: false } },
  }) as Device;
  // The methods of the device have private state: they are called on it, not on what inherits from it.
  for (const name of ['accepts', 'allocate', 'free', 'write', 'run', 'prepare', 'memory'] as const)
    Object.defineProperty(distant, name, { value: (Reflect.get(reference, name) as () => unknown).bind(reference) });
  expect(inspect(ones([4], { device: distant }).add(1).realizeSync())).toBe('Tensor([4], f32, distant, not read)');
});

test('JSON, which would lose what a tensor is, is refused with what to write instead', () => {
  for (const value of [tensor([[1, Number.NaN]]), { loss: ones([2]).add(1) }, [tensor(3)]])
    expect(() => JSON.stringify(value)).toThrow(ArgumentError);
  expect(() => JSON.stringify(tensor([[1, 2]]))).toThrow('JSON.stringify: a tensor [1, 2] has no form in JSON; write `await tensor.array()`'); // prettier-ignore
  const disposed = tensor([1]);
  disposed.dispose();
  expect(() => JSON.stringify(disposed)).toThrow(ArgumentError);
});
