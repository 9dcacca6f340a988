/** Loads and stores: from the stored dtype to its compute dtype and back. */
import { dtypes, type ComputeDType, type DType } from '../../../dtype/dtype.ts';
import { i32, laneOp, memoryOp, op, shuffle32, type Expression } from '../assembler/expression.ts';
import type { FunctionBuilder } from '../assembler/function-builder.ts';
import type { MemoryOp } from '../assembler/opcodes.ts';
import type { Halves } from './halves.ts';
import { collectLanes, extractLane, type LaneDType } from './value.ts';
import { maskBits, zeroVector } from './vector-code.ts';

/** What elements are stored as: in a dtype, or 16 bits that stay as they are. */
export type Stored = DType | 'bits16';

/** Bytes of an element. */
export function bytesOf(stored: Stored): number {
  return stored === 'bits16' ? 2 : dtypes[stored].bytes;
}

/** A place in memory: a cheap address expression and a non-negative offset. */
export interface Place {
  readonly address: Expression;
  readonly offset: number;
}

/** The place `bytes` further; negative distances cannot be an immediate. */
export function displace(place: Place, bytes: number): Place {
  const offset = place.offset + bytes;
  return offset >= 0
    ? { address: place.address, offset }
    : { address: op('i32.add', place.address, i32(offset)), offset: 0 };
}

const scalarLoads: Readonly<Record<Stored, MemoryOp>> = {
  f32: 'f32.load',
  f64: 'f64.load',
  f16: 'i32.load16_s',
  bf16: 'i32.load16_u',
  bits16: 'i32.load16_s',
  i32: 'i32.load',
  u32: 'i32.load',
  i8: 'i32.load8_s',
  u8: 'i32.load8_u',
  bool: 'i32.load8_u',
};
const scalarStores: Readonly<Record<Stored, MemoryOp>> = {
  f32: 'f32.store',
  f64: 'f64.store',
  f16: 'i32.store16',
  bf16: 'i32.store16',
  bits16: 'i32.store16',
  i32: 'i32.store',
  u32: 'i32.store',
  i8: 'i32.store8',
  u8: 'i32.store8',
  bool: 'i32.store8',
};

/** The dtype in which elements are computed. */
export function computeOf(stored: Stored): LaneDType {
  return stored === 'bits16' ? stored : dtypes[stored].compute;
}

function load(name: MemoryOp, place: Place): Expression {
  return memoryOp(name, place.offset, [place.address]);
}

/** One element as a scalar of the compute dtype. */
export function loadScalar(f: FunctionBuilder, dtype: Stored, place: Place, halves: Halves): Expression {
  const raw = load(scalarLoads[dtype], place);
  if (dtype === 'f16' || dtype === 'bf16')
    return laneOp('f32x4.extract_lane', 0, halves.widenFour(dtype, op('i32x4.splat', raw)));
  return dtype === 'bool' ? op('i32.ne', raw, i32(0)) : raw;
}

/** Neighbouring elements as they are stored: a register of them. */
export function loadRegister(place: Place): Expression {
  return load('v128.load', place);
}

/** `lanes` neighbouring elements as registers of the compute dtype. */
export function loadVector(
  f: FunctionBuilder,
  dtype: Stored,
  lanes: number,
  place: Place,
  halves: Halves,
): Expression[] {
  const perLoad = dtype === 'f64' ? 2 : 4;
  const bytes = bytesOf(dtype) * perLoad;
  if (dtype === 'bits16' && lanes === 4) return [load('v128.load64_splat', place)];
  if ((dtype === 'f16' || dtype === 'bits16') && lanes % 8 === 0)
    return Array.from({ length: lanes / 8 }, (_, i) =>
      halves.widenEight(dtype, load('v128.load', displace(place, i * 16))),
    ).flat();
  return Array.from({ length: lanes / perLoad }, (_, i) => {
    const at = displace(place, i * bytes);
    if (bytes === 16) return load('v128.load', at);
    if (bytes === 8) return halves.widenFour(dtype, load('v128.load16x4_s', at));
    const packed = load('v128.load32_zero', at);
    if (dtype === 'i8') return op('i32x4.extend_low_i16x8_s', op('i16x8.extend_low_i8x16_s', packed));
    const words = op('i32x4.extend_low_i16x8_u', op('i16x8.extend_low_i8x16_u', packed));
    return dtype === 'bool' ? op('i32x4.ne', words, zeroVector) : words;
  });
}

/** Whether `loadEveryOther` can. */
export function hasEveryOther(dtype: Stored, lanes: number): boolean {
  const bytes = bytesOf(dtype);
  return bytes === 4 || (bytes === 2 && lanes % 8 === 0);
}

/** Every other element as registers of the compute dtype; nothing behind the last one is read. */
export function loadEveryOther(
  f: FunctionBuilder,
  dtype: Stored,
  lanes: number,
  place: Place,
  halves: Halves,
): Expression[] {
  if (bytesOf(dtype) === 2)
    return Array.from({ length: lanes / 8 }, (_, i) => {
      const [first, last] = [displace(place, i * 32), displace(place, i * 32 + 14)];
      const low = op('v128.and', load('v128.load', first), op('i32x4.splat', i32(0xffff)));
      const high = op('i32x4.shr_u', load('v128.load', last), i32(16));
      return halves.widenEight(dtype, op('i16x8.narrow_i32x4_u', low, high));
    }).flat();
  return Array.from({ length: lanes / 4 }, (_, i) => {
    const [low, high] = [displace(place, i * 32), displace(place, i * 32 + 12)];
    return shuffle32(load('v128.load', low), load('v128.load', high), [0, 2, 5, 7]);
  });
}

/** One element from each of `lanes` places. */
export function loadLanes(
  f: FunctionBuilder,
  dtype: Stored,
  lanes: number,
  placeOf: (lane: number) => Place,
  halves: Halves,
): Expression[] {
  if (dtype === 'bits16')
    return Array.from({ length: Math.ceil(lanes / 8) }, (_, i) => {
      let register = load('v128.load16_splat', placeOf(i * 8));
      for (let lane = 1; lane < Math.min(8, lanes); lane++) {
        const { address, offset } = placeOf(i * 8 + lane);
        register = memoryOp('v128.load16_lane', offset, [address, register], lane);
      }
      if (lanes > 4) return register;
      const four = f.let(register);
      return shuffle32(four, four, [0, 1, 0, 1]);
    });
  if (bytesOf(dtype) === 2) {
    const patterns = Array.from({ length: lanes }, (_, lane) => load('i32.load16_s', placeOf(lane)));
    return collectLanes('i32', patterns).map((register) => halves.widenFour(dtype, register));
  }
  const bytes = bytesOf(dtype);
  if (bytes === 1)
    return collectLanes(
      computeOf(dtype) as ComputeDType,
      Array.from({ length: lanes }, (_, lane) => loadScalar(f, dtype, placeOf(lane), halves)),
    );
  const [first, next]: [MemoryOp, MemoryOp] =
    bytes === 8 ? ['v128.load64_zero', 'v128.load64_lane'] : ['v128.load32_zero', 'v128.load32_lane'];
  const perRegister = 16 / bytes;
  return Array.from({ length: lanes / perRegister }, (_, i) => {
    let register = load(first, placeOf(i * perRegister));
    for (let lane = 1; lane < perRegister; lane++) {
      const place = placeOf(i * perRegister + lane);
      register = memoryOp(next, place.offset, [place.address, register], lane);
    }
    return register;
  });
}

/** Writes one scalar of the compute dtype. */
export function storeScalar(f: FunctionBuilder, dtype: Stored, place: Place, value: Expression, halves: Halves): void {
  const isHalf = dtype === 'f16' || dtype === 'bf16';
  const spread = isHalf ? f.let(op('f32x4.splat', value)) : value;
  const raw = isHalf ? laneOp('i32x4.extract_lane', 0, halves.narrow(dtype, spread, spread)) : value;
  f.store(scalarStores[dtype], place.address, raw, place.offset);
}

/** Writes registers of the compute dtype to neighbouring elements. */
export function storeVector(
  f: FunctionBuilder,
  dtype: Stored,
  place: Place,
  registers: readonly Expression[],
  halves: Halves,
): void {
  const bytes = bytesOf(dtype);
  if (bytes === 2) return storeHalves(f, dtype, place, registers, halves);
  for (const [i, register] of registers.entries()) {
    const at = displace(place, i * bytes * (dtype === 'f64' ? 2 : 4));
    if (bytes >= 4) f.store('v128.store', at.address, register, at.offset);
    else {
      const low = dtype === 'bool' ? maskBits(register) : op('v128.and', register, op('i32x4.splat', i32(255)));
      const words = f.let(op('i16x8.narrow_i32x4_u', low, zeroVector));
      f.store('v128.store32_lane', at.address, op('i8x16.narrow_i16x8_u', words, words), at.offset, 0);
    }
  }
}

/** Writes 16 bits as they are: of each register eight, or of the only one four. */
export function storeBits(f: FunctionBuilder, place: Place, registers: readonly Expression[], lanes: number): void {
  for (const [i, register] of registers.entries()) {
    const { address, offset } = displace(place, i * 16);
    if (lanes === 4) f.store('v128.store64_lane', address, register, offset, 0);
    else f.store('v128.store', address, register, offset);
  }
}

/** Two registers are one of 16-bit patterns. */
function storeHalves(
  f: FunctionBuilder,
  dtype: Stored,
  place: Place,
  registers: readonly Expression[],
  halves: Halves,
): void {
  for (let i = 0; i < registers.length; i += 2) {
    const { address, offset } = displace(place, i * 8);
    const low = registers[i] as Expression;
    const next = registers[i + 1];
    const patterns = halves.narrow(dtype, low, next ?? low);
    if (next) f.store('v128.store', address, patterns, offset);
    else f.store('v128.store64_lane', address, patterns, offset, 0);
  }
}

/** Writes each lane to its own place. */
export function storeLanes(
  f: FunctionBuilder,
  dtype: Stored,
  placeOf: (lane: number) => Place,
  registers: readonly Expression[],
  lanes: number,
  halves: Halves,
): void {
  if (dtype === 'bits16') {
    for (let lane = 0; lane < lanes; lane++) {
      const { address, offset } = placeOf(lane);
      f.store('v128.store16_lane', address, registers[lane >> 3] as Expression, offset, lane & 7);
    }
    return;
  }
  if (bytesOf(dtype) === 2) {
    for (const [i, register] of registers.entries()) {
      const values = f.let(register);
      const patterns = f.let(halves.narrow(dtype, values, values));
      for (let lane = 0; lane < 4; lane++) {
        const { address, offset } = placeOf(4 * i + lane);
        f.store('v128.store16_lane', address, patterns, offset, lane);
      }
    }
    return;
  }
  for (let lane = 0; lane < lanes; lane++) {
    const place = placeOf(lane);
    f.store(scalarStores[dtype], place.address, extractLane(computeOf(dtype), registers, lane), place.offset);
  }
}
