/** The WGSL of products with encoded matrices, as people will read it. Needs no device. */
import { expect, test } from 'vitest';
import type { DType } from '../../../src/dtype/dtype.ts';
import { encodedProgram } from '../../../src/devices/webgpu/encoded/encoded-program.ts';
import type { EncodedMatmulSpec } from '../../../src/kernel/spec.ts';
import { hardware, software } from './specs.ts';

/** A row of x times the transpose of [rows, 64]. */
function rowTimes(
  rows: number,
  product: Pick<EncodedMatmulSpec, 'layout' | 'settings' | 'activations'>,
  dtypes: readonly DType[],
): EncodedMatmulSpec {
  return {
    kind: 'encoded-matmul',
    bindings: [
      { dtype: 'f32', access: 'read' },
      ...dtypes.map((dtype) => ({ dtype, access: 'read' }) as const),
      { dtype: 'f32', access: 'write' },
    ],
    ...product,
    rows,
    columns: 64,
    walks: 'columns',
    m: 1,
    x: { binding: 0, offset: 0, strides: [64, 1] },
    parts: dtypes.map((_, part) => part + 1),
    out: { binding: dtypes.length + 1, offset: 0, strides: [rows, 1] },
  };
}

test('codes of 4 bits on an emulated GPU: a group after the other, no barriers', () => {
  const spec = rowTimes(256, { layout: 'int4', settings: { group: 32, zeros: false }, activations: 'f32' }, [
    'u8',
    'f32',
  ]);
  expect(encodedProgram(spec, software).stages.map(({ code }) => code)).toMatchInlineSnapshot(`
    [
      "// matmul [1, 64] × int4 [256, 64] transposed
    @group(0) @binding(0) var<storage, read> buffer0: array<vec4<f32>>; // f32
    @group(0) @binding(1) var<storage, read> buffer1: array<u32>; // u8
    @group(0) @binding(2) var<storage, read> buffer2: array<f32>; // f32
    @group(0) @binding(3) var<storage, read_write> buffer3: array<vec4<f32>>; // f32

    fn origin() -> u32 {
      return u32(arrayLength(&buffer0) == 0u);
    }

    fn left_start(batch: u32) -> u32 {
      return 0u;
    }

    fn left(start: u32, i: u32, k: u32) -> f32 {
      let value_at = start + i * 64u + k;
      let value = buffer0[value_at >> 2u][value_at & 3u];
      return value;
    }

    fn left_depth(start: u32, i: u32, k: u32) -> vec4<f32> {
      return buffer0[(start + i * 64u + k) / 4u];
    }

    fn finish(batch: u32, i: u32, j: u32, values: vec4<f32>) {
      buffer3[(i * 256u + j) / 4u] = values;
    }

    fn word_at(byte: u32) -> u32 {
      return buffer1[byte / 4u];
    }

    fn codes(row: u32, column: u32) -> u32 {
      return word_at(row * 32u + column / 2u);
    }

    fn four(word: u32, zero: f32, scale: f32) -> vec4<f32> {
      return (vec4<f32>((vec4(word) >> vec4(0u, 4u, 8u, 12u)) & vec4(15u)) - vec4(zero)) * scale;
    }

    fn zero_of(row: u32, column: u32) -> f32 {
      return 8.0;
    }

    fn scale_of(row: u32, column: u32) -> f32 {
      return buffer2[row * 2u + column / 32u];
    }

    @compute @workgroup_size(64)
    fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) index: u32) {
      let tile = group.x;
      let i = tile / 1u * 1u;
      let wanted = (tile % 1u * 64u + index / 1u) * 4u;
      let inside = wanted < 256u && i < 1u;
      if (!inside) { return; }
      let j = wanted;
      let x0 = min(i, 0u);
      let row0 = min(j, 255u);
      let row1 = min(j + 1u, 255u);
      let row2 = min(j + 2u, 255u);
      let row3 = min(j + 3u, 255u);
      var sum0 = vec4<f32>();
      for (var first = origin(); first < 64u; first += 32u) {
        let run_end = min(first + 32u, 64u);
        let zero = vec4(zero_of(row0, first), zero_of(row1, first), zero_of(row2, first), zero_of(row3, first));
        let scale = vec4(scale_of(row0, first), scale_of(row1, first), scale_of(row2, first), scale_of(row3, first));
        var part0 = vec4<f32>();
        for (var k = first; k < run_end; k += 8u) {
          let word0 = codes(row0, k);
          let word1 = codes(row1, k);
          let word2 = codes(row2, k);
          let word3 = codes(row3, k);
          let low0 = four(word0, zero.x, scale.x);
          let high0 = four(word0 >> 16u, zero.x, scale.x);
          let low1 = four(word1, zero.y, scale.y);
          let high1 = four(word1 >> 16u, zero.y, scale.y);
          let low2 = four(word2, zero.z, scale.z);
          let high2 = four(word2 >> 16u, zero.z, scale.z);
          let low3 = four(word3, zero.w, scale.w);
          let high3 = four(word3 >> 16u, zero.w, scale.w);
          let low_x0 = left_depth(left_start(0u), x0, k);
          part0 += vec4(dot(low_x0, low0), dot(low_x0, low1), dot(low_x0, low2), dot(low_x0, low3));
          let high_x0 = left_depth(left_start(0u), x0, k + 4u);
          part0 += vec4(dot(high_x0, high0), dot(high_x0, high1), dot(high_x0, high2), dot(high_x0, high3));
        }
        sum0 += part0;
      }
      finish(0u, i, j, sum0);
    }
    ",
    ]
  `);
});

test('entries on a GPU: lanes take turns, and meet in workgroup memory', () => {
  const spec = rowTimes(8, { layout: 'csr', settings: { values: 'f32', columnBytes: 1 }, activations: 'f32' }, [
    'i32',
    'u8',
    'f32',
  ]);
  expect(encodedProgram(spec, hardware).stages.map(({ code }) => code)).toMatchInlineSnapshot(`
    [
      "// matmul [1, 64] × csr [8, 64] transposed
    @group(0) @binding(0) var<storage, read> buffer0: array<vec4<f32>>; // f32
    @group(0) @binding(1) var<storage, read> buffer1: array<i32>; // i32
    @group(0) @binding(2) var<storage, read> buffer2: array<u32>; // u8
    @group(0) @binding(3) var<storage, read> buffer3: array<f32>; // f32
    @group(0) @binding(4) var<storage, read_write> buffer4: array<vec4<f32>>; // f32
    var<workgroup> met: array<vec4<f32>, 4>;

    fn origin() -> u32 {
      return u32(arrayLength(&buffer0) == 0u);
    }

    fn left_start(batch: u32) -> u32 {
      return 0u;
    }

    fn left(start: u32, i: u32, k: u32) -> f32 {
      let value_at = start + i * 64u + k;
      let value = buffer0[value_at >> 2u][value_at & 3u];
      return value;
    }

    fn left_depth(start: u32, i: u32, k: u32) -> vec4<f32> {
      return buffer0[(start + i * 64u + k) / 4u];
    }

    fn finish(batch: u32, i: u32, j: u32, values: vec4<f32>) {
      buffer4[(i * 8u + j) / 4u] = values;
    }

    fn x_at(i: u32, column: u32) -> f32 {
      return left(left_start(0u), i, column);
    }

    fn value_at(entry: u32, scale: f32) -> f32 {
      return buffer3[entry];
    }

    fn row_sum(row: u32, lane: u32, i: u32) -> f32 {
      let scale = 1.0;
      let begin = u32(buffer1[row]);
      let end = u32(buffer1[row + 1u]);
      var part = f32();
      for (var entry = begin + lane; entry < end; entry += 2u) {
        part += x_at(i, extractBits(buffer2[entry / 4u], entry % 4u * 8u, 8u)) * value_at(entry, scale);
      }
      return part;
    }

    @compute @workgroup_size(4)
    fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) index: u32) {
      let tile = group.x;
      let i = tile / 1u * 1u;
      let wanted = (tile % 1u * 2u + index / 2u) * 4u;
      let inside = wanted < 8u && i < 1u;
      let lane = index % 2u;
      let j = min(wanted, 4u);
      let x0 = min(i, 0u);
      let row0 = min(j, 7u);
      let row1 = min(j + 1u, 7u);
      let row2 = min(j + 2u, 7u);
      let row3 = min(j + 3u, 7u);
      var sum0 = vec4<f32>();
      var quad = vec4<f32>();
      for (var each = origin(); each < 4u; each++) {
        quad[each] = row_sum(min(j + each, 7u), lane, i);
      }
      sum0 = quad;
      met[index * 1u] = sum0;
      workgroupBarrier();
      for (var span = 1u; span > 0u; span = span / 2u) {
        if (lane < span) {
          sum0 += met[(index + span) * 1u];
          met[index * 1u] = sum0;
        }
        workgroupBarrier();
      }
      if (lane == 0u && inside) {
        finish(0u, i, j, sum0);
      }
    }
    ",
    ]
  `);
});

test('codes of 8 bits and rounded activations on a GPU: a stage that rounds, and packed products', () => {
  const spec = rowTimes(8, { layout: 'int8', settings: { scales: 'row' }, activations: 'int8' }, ['i8', 'f32']);
  expect(encodedProgram(spec, hardware).stages.map(({ code }) => code)).toMatchInlineSnapshot(`
    [
      "// matmul rounded [1, 64] × int8 [8, 64] transposed (rounding)
    @group(0) @binding(0) var<storage, read> buffer0: array<f32>; // f32
    @group(0) @binding(1) var<storage, read_write> buffer1: array<u32>; // u32
    var<workgroup> largest: atomic<u32>;

    fn left_start(batch: u32) -> u32 {
      return 0u;
    }

    fn left(start: u32, i: u32, k: u32) -> f32 {
      let value = buffer0[start + i * 64u + k];
      return value;
    }

    fn scale_for(largest: u32) -> f32 {
      if (largest < 0x05000000u) { return 0.0; }
      if (largest >= 0x7f800000u) { return bitcast<f32>(largest | 0x7fc00000u); }
      // Of the largest number the scale would be rounded up to one that 127 overflows with.
      let held = min(largest, 0x7f7ffffeu);
      let dividend = ((held & 0x7fffffu) | 0x800000u) << 7u;
      let quotient = dividend / 127u;
      let rest = dividend % 127u;
      let exponent = (held >> 23u) - 8u;
      if (quotient < 0x1000000u) { return bitcast<f32>((exponent << 23u) + quotient + u32(rest > 63u)); }
      let half = quotient >> 1u;
      let up = (quotient & 1u) & u32(rest > 0u || (half & 1u) == 1u);
      return bitcast<f32>(((exponent + 1u) << 23u) + half + up);
    }

    fn code_for(x: f32, scale: f32) -> i32 {
      if (scale == 0.0) { return 0; }
      let near = abs(x) / scale;
      let below = u32(near);
      var code = u32(round(near));
      if (abs(near - (f32(below) + 0.5)) < 0.0001) {
        let x_bits = bitcast<u32>(x) & 0x7fffffffu;
        let scale_bits = bitcast<u32>(scale);
        let significand = (scale_bits & 0x7fffffu) | 0x800000u;
        let shift = i32(x_bits >> 23u) - i32(scale_bits >> 23u) + 1;
        let wanted = ((x_bits & 0x7fffffu) | 0x800000u) << u32(max(shift, 0));
        let half = (significand * (2u * below + 1u)) << u32(max(-shift, 0));
        let difference = bitcast<i32>(wanted - half);
        let distance = u32(abs(difference));
        // Quotients that close are the half itself when they are rounded to f32.
        let tied = distance == 0u
          || (below > 0u && distance < 512u && (distance << 23u) <= (significand << firstLeadingBit(below)));
        code = below + select(u32(difference > 0), below & 1u, tied);
      }
      return select(i32(code), -i32(code), x < 0.0);
    }

    fn code_at(i: u32, k: u32, scale: f32) -> i32 {
      if (k >= 64u) { return 0; }
      return code_for(left(left_start(0u), i, k), scale);
    }

    @compute @workgroup_size(64)
    fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
      let i = group.x;
      var own = 0u;
      for (var k = lane; k < 64u; k += 64u) {
        own = max(own, bitcast<u32>(left(left_start(0u), i, k)) & 0x7fffffffu);
      }
      atomicMax(&largest, own);
      workgroupBarrier();
      let none = atomicLoad(&largest) | 0x7fc00000u;
      let is_none = atomicLoad(&largest) >= 0x7f800000u;
      let scale = scale_for(atomicLoad(&largest));
      for (var p = lane; p < 16u; p += 64u) {
        var word = 0u;
        for (var part = 0u; part < 4u; part++) {
          let code = select(code_at(i, p * 4u + part, scale), 0, is_none);
          word |= (bitcast<u32>(code) & 255u) << (part * 8u);
        }
        buffer1[i * 16u + p] = word;
      }
      if (lane == 0u) { buffer1[16u + i] = select(bitcast<u32>(scale), none, is_none); }
    }
    ",
      "// matmul rounded [1, 64] × int8 [8, 64] transposed
    @group(0) @binding(0) var<storage, read> buffer0: array<u32>; // u32
    @group(0) @binding(1) var<storage, read> buffer1: array<u32>; // i8
    @group(0) @binding(2) var<storage, read> buffer2: array<f32>; // f32
    @group(0) @binding(3) var<storage, read_write> buffer3: array<vec4<f32>>; // f32
    var<workgroup> met: array<vec4<f32>, 4>;

    fn origin() -> u32 {
      return u32(arrayLength(&buffer0) == 0u);
    }

    fn finish(batch: u32, i: u32, j: u32, values: vec4<f32>) {
      buffer3[(i * 8u + j) / 4u] = values;
    }

    fn word_at(byte: u32) -> u32 {
      return buffer1[byte / 4u];
    }

    fn codes(row: u32, column: u32) -> u32 {
      return word_at(row * 64u + column);
    }

    fn four(word: u32, zero: f32, scale: f32) -> vec4<f32> {
      return vec4<f32>((vec4(bitcast<i32>(word)) << vec4(24u, 16u, 8u, 0u)) >> vec4(24u)) * scale;
    }

    fn zero_of(row: u32, column: u32) -> f32 {
      return 8.0;
    }

    fn scale_of(row: u32, column: u32) -> f32 {
      return buffer2[row];
    }

    fn dot_bytes(a: u32, b: u32) -> i32 {
      return dot4I8Packed(a, b);
    }

    fn scaled(sum: vec4<i32>, scale: vec4<f32>, x_scale: f32) -> vec4<f32> {
      let is_larger = abs(scale) > vec4(x_scale);
      return vec4<f32>(sum) * select(scale, vec4(x_scale), is_larger) * select(vec4(x_scale), scale, is_larger);
    }

    @compute @workgroup_size(4)
    fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) index: u32) {
      let tile = group.x;
      let i = tile / 1u * 1u;
      let wanted = (tile % 1u * 2u + index / 2u) * 4u;
      let inside = wanted < 8u && i < 1u;
      let lane = index % 2u;
      let j = min(wanted, 4u);
      let x0 = min(i, 0u);
      let row0 = min(j, 7u);
      let row1 = min(j + 1u, 7u);
      let row2 = min(j + 2u, 7u);
      let row3 = min(j + 3u, 7u);
      var sum0 = vec4<f32>();
      let x_scale0 = bitcast<f32>(buffer0[16u + x0]);
      let scale = vec4(scale_of(row0, 0u), scale_of(row1, 0u), scale_of(row2, 0u), scale_of(row3, 0u));
      for (var first = origin() + lane * 32u; first < 64u; first += 64u) {
        let run_end = min(first + 32u, 64u);
        let zero = vec4<f32>();
        var part0 = vec4<i32>();
        for (var k = first; k < run_end; k += 4u) {
          let word0 = codes(row0, k);
          let word1 = codes(row1, k);
          let word2 = codes(row2, k);
          let word3 = codes(row3, k);
          let bytes0 = buffer0[x0 * 16u + k / 4u];
          part0 += vec4(dot_bytes(bytes0, word0), dot_bytes(bytes0, word1), dot_bytes(bytes0, word2), dot_bytes(bytes0, word3));
        }
        sum0 += scaled(part0, scale, x_scale0);
      }
      met[index * 1u] = sum0;
      workgroupBarrier();
      for (var span = 1u; span > 0u; span = span / 2u) {
        if (lane < span) {
          sum0 += met[(index + span) * 1u];
          met[index * 1u] = sum0;
        }
        workgroupBarrier();
      }
      if (lane == 0u && inside) {
        finish(0u, i, j, sum0);
      }
    }
    ",
    ]
  `);
});

test.each([64, 255])('down %d columns codes are read four at a time on GPUs, whatever the width', (columns) => {
  const product = { layout: 'codebook', settings: { bits: 4 }, activations: 'f32' } as const;
  const spec: EncodedMatmulSpec = {
    ...rowTimes(64, product, ['u8', 'f32']),
    columns,
    walks: 'rows',
    out: { binding: 3, offset: 0, strides: [columns, 1] },
  };
  const code = encodedProgram(spec, hardware).stages[0]?.code;
  expect(code).toContain('fn right_columns(start: u32, k: u32, j: u32) -> vec4<f32> {\n  return weights(k, j);\n}');
});
