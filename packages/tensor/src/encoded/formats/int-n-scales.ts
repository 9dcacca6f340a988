/** What the scales and minima of groups in `int-n` are stored in, and what is wrong with some that come from outside. */
import { numberFromFloat16 } from '../../dtype/half.ts';
import type { DType } from '../../dtype/dtype.ts';
import { groupedParts, stepColumns, type GroupedCodes, type ScaleKind } from '../../kernel/grouped-codes.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { flawOfArray, named } from '../arrays.ts';
import type { EncodedArray, EncodedArrays, MatrixShape } from '../format.ts';

/** The dtype of scales, by what they are stored in. */
const dtypeOf: Readonly<Record<ScaleKind, DType>> = { f32: 'f32', f16: 'f16', i8: 'i8', e8: 'u8' };

/** Larger exponents times the largest of a table, or of codes, are no numbers of f32. */
const largestExponent = 247;

/** Groups that share a step. */
export function groupsOfStep({ group }: Pick<GroupedCodes, 'group'>): number {
  return stepColumns / group;
}

/** The scales, or minima, of groups: f32 [rows, groups]. Each is exact. */
export function wideScales(
  arrays: Readonly<Record<string, Tensor>>,
  codes: GroupedCodes,
  part: 'scales' | 'minima',
): Tensor {
  const own = named(arrays, part);
  if (codes.scales === 'e8') return ofExponents(own);
  if (codes.scales !== 'i8') return own.cast('f32');
  const [rows, groups] = own.shape as [number, number];
  const together = groupsOfStep(codes);
  const steps = named(arrays, part === 'scales' ? 'steps' : 'minimumSteps').cast('f32');
  const each = steps.unsqueeze(2).expand([rows, steps.shape[1] as number, together]);
  return own.cast('f32').mul(each.reshape([rows, -1]).slice([], [rows, groups]));
}

/** 2^(byte - 128): half of the number with those bits as its exponent; of the byte 0 that is not a normal one. */
function ofExponents(bytes: Tensor): Tensor {
  const exponents = bytes.cast('i32');
  return exponents.shiftLeft(23).where(exponents.gt(0), 0x400000).bitcast('f32').mul(0.5);
}

/** What is wrong with the arrays of scales and minima. */
export function flawOfScaleArrays(
  arrays: EncodedArrays,
  codes: GroupedCodes,
  [rows, columns]: MatrixShape,
): string | undefined {
  const groups = Math.ceil(columns / codes.group);
  const stepped = Math.ceil(groups / groupsOfStep(codes));
  const shapes: Readonly<Record<string, readonly [DType, MatrixShape]>> = {
    scales: [dtypeOf[codes.scales], [rows, groups]],
    minima: [dtypeOf[codes.scales], [rows, groups]],
    steps: ['f16', [rows, stepped]],
    minimumSteps: ['f16', [rows, stepped]],
  };
  for (const part of groupedParts(codes)) {
    const [dtype, shape] = shapes[part] ?? [];
    if (dtype === undefined || shape === undefined) continue;
    const own = named(arrays, part);
    const flaw = flawOfArray(part, own, dtype, shape) ?? flawOfNumbers(part, own);
    if (flaw !== undefined) return flaw;
  }
  return undefined;
}

function flawOfNumbers(part: string, { dtype, data }: EncodedArray): string | undefined {
  if (dtype === 'i8') return undefined;
  if (dtype === 'u8') {
    const wrong = data.findIndex((exponent) => exponent > largestExponent);
    return wrong < 0 ? undefined : `${part}[${wrong}] is ${data[wrong]}; an exponent is at most ${largestExponent}`;
  }
  const wrong =
    dtype === 'f16'
      ? data.findIndex((pattern) => (pattern & 0x7c00) === 0x7c00)
      : data.findIndex((scale) => !Number.isFinite(scale));
  if (wrong < 0) return undefined;
  const value = data[wrong] as number;
  return `${part}[${wrong}] is ${dtype === 'f16' ? numberFromFloat16(value) : value}; it must be finite`;
}
