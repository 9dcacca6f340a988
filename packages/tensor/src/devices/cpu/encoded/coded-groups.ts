/** Code that rounds rows of x to codes in groups, half to even: their scale is the largest magnitude of 32 / the largest code. */
import { activationGroup, groupCodes, largestScaled, type GroupActivations } from '../../../kernel/activations.ts';
import type { GroupedCodes } from '../../../kernel/grouped-codes.ts';
import {
  f32,
  i32,
  laneOp,
  memoryOp,
  op,
  select,
  shuffle32,
  v128,
  type Expression,
  type Local,
} from '../assembler/expression.ts';
import type { FunctionBuilder } from '../assembler/function-builder.ts';

/** What codes are for. */
export interface CodedGroups {
  /** Of the matrix that they meet. */
  readonly own: GroupedCodes;
  readonly activations: GroupActivations;
  /** Whether of sixteen columns the even ones stand before the odd ones. */
  readonly paired: boolean;
}

const load = (address: Expression, offset: number): Expression => memoryOp('v128.load', offset, [address]);

/** max |x| of a block; NaN if there is one. Magnitudes are in the order of their bits, in which NaN is past all numbers. */
function largestOfBlock(f: FunctionBuilder, x: Local): Local {
  const magnitude = f.let(op('i32x4.splat', i32(0x7fffffff)));
  const fours = Array.from({ length: activationGroup / 4 }, (_, four) => op('v128.and', load(x, four * 16), magnitude));
  const all = f.let(fours.reduce((most, four) => op('i32x4.max_s', most, four)));
  const two = f.let(op('i32x4.max_s', all, shuffle32(all, all, [2, 3, 2, 3])));
  const one = f.let(op('i32x4.max_s', two, shuffle32(two, two, [1, 1, 1, 1])));
  return f.let(laneOp('f32x4.extract_lane', 0, one));
}

/** The scale of a block of x, and what to divide by. */
function scaleOfBlock(
  f: FunctionBuilder,
  x: Local,
  activations: GroupActivations,
): { readonly scale: Local; readonly divisors: Local } {
  const most = largestOfBlock(f, x);
  const isPast = op('i32.and', op('f32.gt', most, f32(largestScaled)), op('f32.lt', most, f32(Infinity)));
  const scale = f.let(op('f32.div', select(isPast, f32(largestScaled), most), f32(groupCodes[activations])));
  const divisor = select(op('f32.eq', scale, f32(0)), f32(1), scale);
  return { scale, divisors: f.let(op('f32x4.splat', divisor)) };
}

/** The codes of some columns from x on, i32. */
function codesOf(f: FunctionBuilder, x: Local, offset: number, divisors: Local): Local {
  return f.let(op('i32x4.trunc_sat_f32x4_s', op('f32x4.nearest', op('f32x4.div', load(x, offset), divisors))));
}

/** The sum of a group of codes, of which each lane has its own columns. */
export function sumOfCodes(sums: Local): Expression {
  const lanes = [0, 1, 2, 3].map((lane) => laneOp('i32x4.extract_lane', lane, sums));
  return lanes.reduce((sum, lane) => op('i32.add', sum, lane));
}

/** Eights of codes of a group, i16, in the order of columns or with every 8 even ones before the 8 odd ones. */
function eightsOf(f: FunctionBuilder, { own, paired, activations }: CodedGroups, x: Local, divisors: Local): Local[] {
  const fours = Array.from({ length: own.group / 4 }, (_, four) => codesOf(f, x, four * 16, divisors));
  const arranged = paired
    ? fours.flatMap((_, place) => {
        if (place % 4 !== 0) return [];
        const [a, b, c, d] = fours.slice(place, place + 4) as [Local, Local, Local, Local];
        return [0, 1].flatMap((odd) => {
          const lanes = [odd, 2 + odd, 4 + odd, 6 + odd] as const;
          return [shuffle32(a, b, lanes), shuffle32(c, d, lanes)];
        });
      })
    : fours;
  const most = groupCodes[activations];
  const [least, largest] = [-most, most].map((code) => op('i16x8.splat', i32(code))) as [Expression, Expression];
  return arranged.flatMap((four, place) => {
    if (place % 2 !== 0) return [];
    const eight = op('i16x8.narrow_i32x4_s', four, arranged[place + 1] as Expression);
    return [f.let(op('i16x8.min_s', op('i16x8.max_s', eight, least), largest))];
  });
}

/** Codes of x, block by block; `store` is given the codes of a group, what those add up to that each lane of products meets, and their scale. */
export function forEachCodedGroup(
  f: FunctionBuilder,
  kind: CodedGroups,
  x: Local,
  blocks: Local,
  store: (eights: readonly Local[], sums: Local, scale: Local) => void,
): void {
  const { own, activations } = kind;
  const ones = f.let(op('i16x8.splat', i32(1)));
  f.repeat(blocks, () => {
    const { scale, divisors } = scaleOfBlock(f, x, activations);
    for (let at = 0; at < activationGroup; at += own.group) {
      const eights = eightsOf(f, kind, x, divisors);
      const sums = f.let(v128([0, 0, 0, 0]));
      for (const eight of eights) f.set(sums, op('i32x4.add', sums, op('i32x4.dot_i16x8_s', eight, ones)));
      store(eights, sums, scale);
      f.increase(x, own.group * 4);
    }
  });
}
