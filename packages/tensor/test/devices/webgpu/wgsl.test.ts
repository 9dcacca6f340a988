/** The WGSL of typical kernels, as people will read it. Needs no device. */
import { describe, expect, test } from 'vitest';
import { matmulSpec } from '../matmul-spec.ts';
import { matmulProgram } from '../../../src/devices/webgpu/contraction/matmul-program.ts';
import { loopProgram } from '../../../src/devices/webgpu/loop/loop-program.ts';
import { hardware, load, scalar, softmaxSpec, software, store } from './specs.ts';

describe('WGSL', () => {
  test('a map of f32 with a broadcast operand', () => {
    const { stages } = loopProgram(
      {
        kind: 'loop',
        bindings: [
          { dtype: 'f32', access: 'read' },
          { dtype: 'f32', access: 'read' },
          { dtype: 'f32', access: 'write' },
        ],
        outer: [4, 10],
        inner: [],
        body: [
          load(0, [10, 1]),
          load(1, [0, 1]),
          scalar('add', [0, 1], 'f32'),
          { kind: 'constant', value: 0, dtype: 'f32' },
          scalar('max', [2, 3], 'f32'),
          store(2, [10, 1], 4),
        ],
      },
      hardware,
    );
    expect(stages[0]?.code).toMatchInlineSnapshot(`
      "// loop over [4, 10]: add, max
      @group(0) @binding(0) var<storage, read> buffer0: array<f32>; // f32
      @group(0) @binding(1) var<storage, read> buffer1: array<f32>; // f32
      @group(0) @binding(2) var<storage, read_write> buffer2: array<f32>; // f32

      fn is_nan(x: f32) -> bool {
        return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u;
      }

      fn order_of(x: f32) -> i32 {
        let bits = bitcast<i32>(x);
        return bits ^ ((bits >> 31u) & 0x7fffffff);
      }

      fn maximum(a: f32, b: f32) -> f32 {
        let larger = select(a, b, order_of(a) < order_of(b));
        return select(select(larger, b, is_nan(b)), a, is_nan(a));
      }

      @compute @workgroup_size(64)
      fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
        let point = group.x * 64u + lane;
        if (point >= 40u) { return; }
        let i0 = point / 10u;
        let i1 = point % 10u;
        let v0 = buffer0[i0 * 10u + i1];
        let v1 = buffer1[i1];
        let v2 = v0 + v1;
        let v3: f32 = 0.0;
        let v4 = maximum(v2, v3);
        buffer2[i0 * 10u + i1] = v4;
      }
      "
    `);
  });

  test('a map into packed bytes', () => {
    const { stages } = loopProgram(
      {
        kind: 'loop',
        bindings: [
          { dtype: 'f16', access: 'read' },
          { dtype: 'bool', access: 'write' },
        ],
        outer: [30],
        inner: [],
        body: [
          load(0, [1]),
          { kind: 'constant', value: 'Infinity', dtype: 'f32' },
          scalar('eq', [0, 1], 'bool'),
          store(1, [1], 2),
        ],
      },
      hardware,
    );
    expect(stages[0]?.code.split('@compute')[1]).toMatchInlineSnapshot(`
      " @workgroup_size(64)
      fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
        let chunk = group.x * 64u + lane;
        let first = chunk * 4u;
        if (first >= 30u) { return; }
        let left = 30u - first;
        var words3 = array<u32, 1>();
        for (var part = 0u; part < min(left, 4u); part++) {
          let point = first + part;
          let i0 = point;
          let v0_at = i0;
          let v0 = unpack_f16(buffer0[v0_at >> 1u], v0_at);
          let v1: f32 = from_bits(0x7f800000u);
          let v2 = equal(v0, v1);
          words3[part / 4u] |= pack_bool(v2) << (part % 4u * 8u);
        }
        if (left >= 4u) {
          buffer1[first / 4u] = words3[0];
        } else if (left > 0u) {
          let kept = 0xffffffffu << (left * 8u);
          buffer1[first / 4u] = (buffer1[first / 4u] & kept) | words3[0];
        }
      }
      "
    `);
  });

  test('softmax: three walks over a row, the lanes folded in a tree', () => {
    const { stages } = loopProgram(softmaxSpec('f32', 8, 1000), hardware);
    expect(stages[0]?.code.split('@compute')[1]).toMatchInlineSnapshot(`
      " @workgroup_size(256)
      fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) index: u32) {
        let row = group.x;
        let lane = index;
        let o0 = row;
        var fold1: f32 = from_bits(0xff800000u);
        for (var point = lane; point < 1000u; point += 256u) {
          let i0 = point;
          let v0 = buffer0[o0 * 1000u + i0];
          fold1 = maximum(fold1, v0);
        }
        shared_f32_0[index] = fold1;
        workgroupBarrier();
        for (var span = 128u; span > 0u; span = span / 2u) {
          if (lane < span) {
            shared_f32_0[index] = maximum(shared_f32_0[index], shared_f32_0[index + span]);
          }
          workgroupBarrier();
        }
        let v1 = shared_f32_0[0];
        workgroupBarrier();
        var fold4: f32 = 0.0;
        for (var point = lane; point < 1000u; point += 256u) {
          let i0 = point;
          let v0 = buffer0[o0 * 1000u + i0];
          let v2 = v0 - v1;
          let v3 = exponential(v2);
          fold4 = fold4 + v3;
        }
        shared_f32_0[index] = fold4;
        workgroupBarrier();
        for (var span = 128u; span > 0u; span = span / 2u) {
          if (lane < span) {
            shared_f32_0[index] = shared_f32_0[index] + shared_f32_0[index + span];
          }
          workgroupBarrier();
        }
        let v4 = shared_f32_0[0];
        workgroupBarrier();
        for (var point = lane; point < 1000u; point += 256u) {
          let i0 = point;
          let v0 = buffer0[o0 * 1000u + i0];
          let v2 = v0 - v1;
          let v3 = exponential(v2);
          let v5 = v3 / v4;
          buffer1[o0 * 1000u + i0] = v5;
        }
      }
      "
    `);
  });

  test('a matrix product in registers', () => {
    expect(matmulProgram(matmulSpec({ m: 30, n: 20, k: 40 }), software).stages[0]?.code).toMatchInlineSnapshot(`
      "// matmul [30, 40] × [40, 20]
      @group(0) @binding(0) var<storage, read> buffer0: array<f32>; // f32
      @group(0) @binding(1) var<storage, read> buffer1: array<vec4<f32>>; // f32
      @group(0) @binding(2) var<storage, read_write> buffer2: array<vec4<f32>>; // f32

      fn left_start(batch: u32) -> u32 {
        return 0u;
      }

      fn left(start: u32, i: u32, k: u32) -> f32 {
        let value = buffer0[start + i * 40u + k];
        return value;
      }

      fn right_start(batch: u32) -> u32 {
        return 0u;
      }

      fn right(start: u32, k: u32, j: u32) -> f32 {
        let value_at = start + j + k * 20u;
        let value = buffer1[value_at >> 2u][value_at & 3u];
        return value;
      }

      fn right_columns(start: u32, k: u32, j: u32) -> vec4<f32> {
        return buffer1[(start + j + k * 20u) / 4u];
      }

      fn finish(batch: u32, i: u32, j: u32, values: vec4<f32>) {
        buffer2[(i * 20u + j) / 4u] = values;
      }

      @compute @workgroup_size(8)
      fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) index: u32) {
        let tile = group.x;
        let batch = tile / 30u;
        let row = tile / 1u % 30u * 1u;
        let column = (tile % 1u * 8u + index % 8u) * 4u;
        if (batch >= 1u || row >= 30u || column >= 20u) { return; }
        let left_begin = left_start(batch);
        let right_begin = right_start(batch);
        let row0 = row;
        let column0 = column;
        let column1 = min(column + 1u, 19u);
        let column2 = min(column + 2u, 19u);
        let column3 = min(column + 3u, 19u);
        var sum0_0 = vec4<f32>();
        let bound = 40u + u32(arrayLength(&buffer0) == 0u);
        for (var k = 0u; k < bound; k++) {
          let right_0 = right_columns(right_begin, k, column0);
          sum0_0 = fma(vec4(left(left_begin, row0, k)), right_0, sum0_0);
        }
        var sums = array<vec4<f32>, 1>(sum0_0);
        for (var i = 0u; i < min(1u, 30u - row); i++) {
          for (var block = 0u; block < 1u && column + block * 4u < 20u; block++) {
            finish(batch, row + i, column + block * 4u, sums[i * 1u + block]);
          }
        }
      }
      "
    `);
  });
});
