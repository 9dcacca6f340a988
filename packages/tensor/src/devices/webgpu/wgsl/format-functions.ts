/**
 * Elements narrower than a word live packed in u32 words. `unpack_*` takes a word and an element index and gives the
 * compute value; `pack_*` gives the bits of one element, unshifted. Both are in integers, so that infinity, NaN and
 * denormals survive where the builtin conversions may drop them. Rounding is half to even.
 */
import type { WgslFunction } from './wgsl-function.ts';

export const formatFunctions: Readonly<Record<string, WgslFunction>> = {
  unpack_f16: {
    needs: ['from_bits'],
    code: `fn unpack_f16(word: u32, index: u32) -> f32 {
  let half = extractBits(word, (index & 1u) * 16u, 16u);
  let sign = (half & 0x8000u) << 16u;
  let magnitude = half & 0x7fffu;
  var bits = (magnitude << 13u) + 0x38000000u;
  if (magnitude >= 0x7c00u) { bits = (magnitude << 13u) | 0x7f800000u; }
  if (magnitude < 0x400u) { bits = bitcast<u32>(f32(magnitude) * 0x1p-24f); }
  return from_bits(sign | bits);
}`,
  },
  pack_f16: {
    needs: [],
    code: `fn pack_f16(value: f32) -> u32 {
  let bits = bitcast<u32>(value);
  let sign = (bits >> 16u) & 0x8000u;
  let magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u) { return 0x7e00u; }
  if (magnitude >= 0x477ff000u) { return sign | 0x7c00u; }
  if (magnitude < 0x38800000u) { return sign | u32(round(abs(value) * 0x1p24f)); }
  return sign | ((magnitude - 0x38000000u + 0xfffu + ((magnitude >> 13u) & 1u)) >> 13u);
}`,
  },
  unpack_bf16: {
    needs: ['from_bits'],
    code: `fn unpack_bf16(word: u32, index: u32) -> f32 {
  return from_bits(extractBits(word, (index & 1u) * 16u, 16u) << 16u);
}`,
  },
  pack_bf16: {
    needs: ['is_nan'],
    code: `fn pack_bf16(value: f32) -> u32 {
  if (is_nan(value)) { return 0x7fc0u; }
  let bits = bitcast<u32>(value);
  return (bits + 0x7fffu + ((bits >> 16u) & 1u)) >> 16u;
}`,
  },
  unpack_i8: {
    needs: [],
    code: `fn unpack_i8(word: u32, index: u32) -> i32 {
  return extractBits(bitcast<i32>(word), (index & 3u) * 8u, 8u);
}`,
  },
  pack_i8: {
    needs: [],
    code: `fn pack_i8(value: i32) -> u32 {
  return bitcast<u32>(value) & 0xffu;
}`,
  },
  unpack_u8: {
    needs: [],
    code: `fn unpack_u8(word: u32, index: u32) -> u32 {
  return extractBits(word, (index & 3u) * 8u, 8u);
}`,
  },
  pack_u8: {
    needs: [],
    code: `fn pack_u8(value: u32) -> u32 {
  return value & 0xffu;
}`,
  },
  unpack_bool: {
    needs: [],
    code: `fn unpack_bool(word: u32, index: u32) -> bool {
  return extractBits(word, (index & 3u) * 8u, 8u) != 0u;
}`,
  },
  pack_bool: {
    needs: [],
    code: `fn pack_bool(value: bool) -> u32 {
  return u32(value);
}`,
  },
};
