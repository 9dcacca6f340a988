/** Plans as text: what the planner makes of a handful of graphs, and that asking changes nothing. */
import {
  ArgumentError,
  assignAt,
  compile,
  conv2d,
  createCpuDevice,
  createReferenceDevice,
  crossEntropy,
  defineKernel,
  dryRun,
  encodeMatrix,
  explain,
  gradients,
  int8,
  manualSeed,
  noGrad,
  ones,
  rand,
  scope,
  zeros,
  type Tensor,
} from '@espalier/tensor';
import { afterAll, describe, expect, test } from 'vitest';
import { watchKernels } from './watch-kernels.ts';

/** It accepts every kernel with every epilogue. */
const device = createReferenceDevice('oracle');
const on = { device };
const x = ones([8, 16], on);
const w = ones([16, 4], on);
const b = ones([4], on);

describe('the plan of', () => {
  test('a chain of element-wise ops is one loop over all elements', () => {
    expect(explain((a: Tensor) => a.mul(2).add(1).exp().sub(a).clamp(0, 6), x)).toMatchInlineSnapshot(`
      "1 kernel on oracle
        argument0 f32 [8, 16]
        result0 f32 [8, 16]
      0: loop i < 128
        reads argument0 f32; writes result0 f32
        result0[i] = min(max(exp((argument0[i] * 2) + 1) - argument0[i], 0), 6)
      returns result0"
    `);
  });

  test('a linear layer with bias and ReLU is one product with an epilogue', () => {
    expect(explain((a: Tensor) => a.matmul(w).add(b).relu(), x)).toMatchInlineSnapshot(`
      "1 kernel on oracle
        argument0 f32 [8, 16]
        captured0 f32 [16, 4]
        captured1 f32 [4]
        result0 f32 [8, 4]
      0: matmul i < 8, j < 4 over k < 16
        reads argument0 f32, captured0 f32, captured1 f32; writes result0 f32
        sum = sum over k of argument0[16·i + k] * captured0[4·k + j]
        result0[4·i + j] = max(sum + captured1[j], 0)
      returns result0"
    `);
  });

  test('a softmax is one loop over rows', () => {
    expect(explain((a: Tensor) => a.softmax(), x)).toMatchInlineSnapshot(`
      "1 kernel on oracle
        argument0 f32 [8, 16]
        result0 f32 [8, 16]
      0: loop i < 8 over j < 16
        reads argument0 f32; writes result0 f32
        v0 = max over j of argument0[16·i + j]
        v1 = exp(argument0[16·i + j] - v0)
        v2 = sum over j of v1
        result0[16·i + j] = v1 * (1 / v2)
      returns result0"
    `);
  });

  test('a convolution with scale, residual and ReLU is one kernel', () => {
    const image = ones([2, 3, 8, 8], on);
    const [kernel, scale] = [ones([3, 3, 3, 3], on), ones([3, 1, 1], on)];
    const block = (a: Tensor): Tensor => conv2d(a, kernel, { padding: 1 }).mul(scale).add(a).relu();
    expect(explain(block, image)).toMatchInlineSnapshot(`
      "1 kernel on oracle
        argument0 f32 [2, 3, 8, 8]
        captured0 f32 [3, 3, 3, 3]
        captured1 f32 [3, 1, 1]
        result0 f32 [2, 3, 8, 8]
      0: conv2d forward i < 2, j < 3, k < 8, l < 8
        reads argument0 f32, captured0 f32, captured1 f32, argument0 f32; writes result0 f32
        sum = argument0 [2, 3, 8, 8] with captured0 [3, 3, 3, 3], stride [1, 1], padding [1, 1], dilation [1, 1], 1 group
        result0[192·i + 64·j + 8·k + l] = max((sum * captured1[j]) + argument0[192·i + 64·j + 8·k + l], 0)
      returns result0"
    `);
  });

  test('a product with a matrix in a format takes an epilogue too', async () => {
    const encoded = await encodeMatrix(ones([4, 16], on), int8);
    expect(explain((a: Tensor) => a.matmul(encoded.t()).add(b).relu(), x)).toMatchInlineSnapshot(`
      "1 kernel on oracle
        argument0 f32 [8, 16]
        captured0 i8 [4, 16]
        captured1 f32 [4]
        captured2 f32 [4]
        result0 f32 [8, 4]
      0: matmul i < 8, j < 4 over k < 16
        reads argument0 f32, captured0 i8, captured1 f32, captured2 f32; writes result0 f32
        sum = sum over k of argument0[16·i + k] * int8(captured0, captured1)[j, k]
        result0[4·i + j] = max(sum + captured2[j], 0)
      returns result0"
    `);
  });

  test('a training step updates its weights in place', () => {
    const weight = zeros([16, 4], on).requiresGradients();
    const labels = ones([8], { ...on, dtype: 'i32' });
    const step = (a: Tensor, y: Tensor): Tensor => {
      const loss = crossEntropy(a.matmul(weight), y);
      const [gradient] = gradients(loss, [weight]);
      noGrad(() => weight.assign(weight.sub(gradient.mul(0.5))));
      return loss;
    };
    expect(explain(step, x, labels)).toMatchInlineSnapshot(`
      "6 kernels on oracle
        argument0 f32 [8, 16]
        argument1 i32 [8]
        captured0 f32 [16, 4], overwritten
        temporary0 128 bytes
        temporary1 128 bytes
        temporary2 64 bytes
        temporary3 64 bytes
        result0 f32 [1]
      0: matmul i < 8, j < 4 over k < 16
        reads argument0 f32, captured0 f32; writes temporary0 f32
        sum = sum over k of argument0[16·i + k] * captured0[4·k + j]
        temporary0[4·i + j] = sum
      1: loop
        writes temporary1 f32
        temporary1[0] = 1 * 0.125
      2: loop i < 8
        reads temporary1 f32; writes temporary2 f32
        temporary2[i] = neg(temporary1[0])
      3: loop i < 8 over j < 4
        reads argument1 i32, temporary0 f32, temporary2 f32; writes temporary3 f32, temporary1 f32
        v0 = argument1[i] == j
        v1 = max over j of temporary0[4·i + j]
        v2 = temporary0[4·i + j] - v1
        v3 = exp(v2)
        v4 = sum over j of v3
        v5 = sum over j of select(v0, v2 - log(v4), 0)
        temporary3[i] = neg(v5)
        v6 = select(v0, temporary2[i], 0)
        v7 = sum over j of neg(v6)
        temporary1[4·i + j] = v6 + ((v7 / v4) * v3)
      4: loop over i < 8
        reads temporary3 f32, argument1 i32; writes result0 f32
        v0 = sum over i of (temporary3[i] + select((argument1[i] < 0) | (4 <= argument1[i]), NaN, 0))
        result0[0] = v0 * 0.125
      5: matmul i < 16, j < 4 over k < 8
        reads argument0 f32, temporary1 f32; changes captured0 f32
        sum = sum over k of argument0[i + 16·k] * temporary1[4·k + j]
        captured0[4·i + j] = captured0[4·i + j] - (sum * 0.5)
      returns result0"
    `);
  });

  test('a decode writes a part of its cache, and walks as far as it is filled', () => {
    const cache = zeros([32, 4], on);
    const step = (row: Tensor, position: Tensor): Tensor => {
      assignAt(cache, 0, position, row);
      return row.matmul(cache.upTo(0, position.add(1)).t()).softmax();
    };
    const position = ones([], { ...on, dtype: 'i32' });
    expect(explain(step, ones([1, 4], on), position)).toMatchInlineSnapshot(`
      "4 kernels on oracle
        argument0 f32 [1, 4]
        argument1 i32 []
        captured0 f32 [32, 4], overwritten
        temporary0 128 bytes
        result0 f32 [1, 32]
        result1 i32 []
      0: loop i < 4
        reads argument0 f32, argument1 i32; writes captured0 f32
        captured0[i + 4·max(min(argument1[0], 32 - 1), 0)] = argument0[i]
      1: loop
        reads argument1 i32; writes result1 i32
        result1[0] = argument1[0] + 1
      2: matmul i < 1, j < min(32, result1[0]) over k < 4
        reads argument0 f32, captured0 f32, result1 i32; writes temporary0 f32
        sum = sum over k of argument0[4·i + k] * captured0[k + 4·j]
        temporary0[32·i + j] = sum
      3: loop over i < min(32, result1[0])
        reads temporary0 f32, result1 i32; writes result0 f32
        v0 = max over i of temporary0[i]
        v1 = exp(temporary0[i] - v0)
        v2 = sum over i of v1
        result0[i] = v1 * (1 / v2)
      returns result0, result1"
    `);
  });

  test('what kernels work in, and those of users, are shown', () => {
    const own = defineKernel({
      name: 'own',
      inputs: 1,
      outputs: ([a]) => (a ? [a, a] : []),
      reference: () => {},
      scratch: ({ inputs: [a] }) => [(a?.shape[0] ?? 0) * 8],
    });
    expect(explain((a: Tensor) => own([a], { mode: 'sum' })[1]?.cumsum(1), x)).toMatchInlineSnapshot(`
      "2 kernels on oracle
        argument0 f32 [8, 16]
        temporary0 512 bytes
        temporary1 512 bytes
        temporary2 64 bytes
        result0 f32 [8, 16]
      0: kernel "own" {"mode":"sum"}
        reads argument0 f32; writes temporary0 f32, temporary1 f32; works in temporary2 64 bytes
      1: scan sum along the middle of [8, 16, 1]
        reads temporary1 f32; writes result0 f32
      returns result0"
    `);
  });
});

describe('explaining', () => {
  test('computes nothing, assigns nothing and draws nothing', () => {
    const watched = watchKernels(device);
    const state = zeros([8, 16], on).realizeSync();
    const drawn = (): number => scope(() => rand([], on).itemSync());
    manualSeed(3);
    const first = drawn();
    manualSeed(3);
    const before = watched.specs.length;
    const text = explain((a: Tensor) => state.assign(a.add(rand([8, 16], on))), x);
    expect(text).toContain('drawn0 u32 [3]');
    expect(watched.specs).toHaveLength(before);
    expect(drawn()).toBe(first);
    expect(state.sum().itemSync()).toBe(0);
    watched.stop();
  });

  test('tells what a compiled function runs', () => {
    const fn = (a: Tensor): Tensor => a.exp().sum([1]);
    expect(explain(compile(fn), x)).toBe(explain(fn, x));
  });

  test('leaves no memory behind', () => {
    const own = createCpuDevice({ name: 'explained' });
    const [a, c] = [ones([64, 64], { device: own }).realizeSync(), ones([64, 64], { device: own }).realizeSync()];
    const before = own.memory();
    explain((input: Tensor) => input.matmul(c).softmax().sort(0), a);
    expect(own.memory()).toEqual(before);
    own.dispose();
  });

  test('is refused where values are being recorded, and where there is nothing to record', () => {
    expect(() => compile((a: Tensor) => [explain(() => a.neg()), a])(x)).toThrow(ArgumentError);
    expect(() => dryRun([{ shape: [2] }], (a) => explain(() => a.neg()))).toThrow('call it outside');
    expect(() => explain(() => 3)).toThrow('nothing to record');
  });
});

afterAll(() => device.dispose());
