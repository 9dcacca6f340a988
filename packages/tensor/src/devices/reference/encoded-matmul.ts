/** Encoded products: every row of the matrix is decoded in doubles, and multiplied by what meets it. */
import { InternalError } from '../../errors.ts';
import { roundHalfEven } from '../../dtype/half.ts';
import { activationGroup, groupCodes, largestCode, largestScaled } from '../../kernel/activations.ts';
import type { EncodedMatmulSpec, LoopInstruction } from '../../kernel/spec.ts';
import { compileBody, createFrame, type Step } from './body.ts';
import { rowDecoders } from './encoded-rows.ts';
import { forEachIndex, positionIn, sizesAt } from './indices.ts';
import { boundTo, type Interpreter } from './kernel.ts';

/** Interprets a product with an encoded matrix. */
export function interpretEncodedMatmul(spec: EncodedMatmulSpec): Interpreter {
  const { rows, columns, walks, x, limits } = spec;
  const [depth, width] = walks === 'columns' ? [columns, rows] : [rows, columns];
  const body: readonly LoopInstruction[] = spec.epilogue ?? plainStore(spec);
  const frame = createFrame(body.length, 2);
  const epilogue: readonly Step[] = compileBody(body, frame);
  return (elements) => {
    frame.elements = elements;
    const [m = 0] = sizesAt([spec.m], elements, limits);
    const arrays = spec.parts.map((part) => boundTo(elements, part));
    const source = boundTo(elements, x.binding);
    const left = Array.from({ length: m }, (_, i) => {
      const row = Float64Array.from({ length: depth }, (_unused, p) => source.read(positionIn(x, i, p)));
      return roundings[spec.activations](row);
    });
    const sums = left.map(() => new Float64Array(width));
    for (let row = 0; row < rows; row++)
      for (const { column, value } of rowDecoders[spec.layout](arrays, row, spec)) {
        const [p, j] = walks === 'columns' ? [column, row] : [row, column];
        for (const [i, total] of sums.entries()) total[j] = (total[j] ?? 0) + (left[i]?.[p] ?? 0) * value;
      }
    forEachIndex([m, width], frame.index, 0, () => {
      const [i = 0, j = 0] = frame.index;
      frame.accumulator = Math.fround(sums[i]?.[j] ?? 0);
      for (const step of epilogue) step();
    });
    frame.elements = [];
  };
}

/** What a row is multiplied as. */
const roundings: Readonly<Record<EncodedMatmulSpec['activations'], (row: Float64Array) => Float64Array>> = {
  f32: (row) => row,
  codes: (row) => row,
  int8: (row) => roundedRow(row, largestCode),
  'int8-groups': (row) => roundedGroups(row, groupCodes['int8-groups']),
  'int16-groups': (row) => roundedGroups(row, groupCodes['int16-groups']),
};

function roundedGroups(row: Float64Array, most: number): Float64Array {
  for (let at = 0; at < row.length; at += activationGroup)
    row.set(roundedRow(row.subarray(at, at + activationGroup), most, most), at);
  return row;
}

/** A row as codes up to one, or that end there, stand for it; NaN where it is not finite. */
function roundedRow(row: Float64Array, largest: number, end = Infinity): Float64Array {
  const most = row.reduce((found, value) => Math.max(found, Math.abs(value)), 0);
  const scale = Math.fround(Math.min(most, largestScaled) / largest);
  if (scale === 0) return row.map(() => 0);
  const code = (value: number): number => Math.max(-end, Math.min(end, roundHalfEven(Math.fround(value / scale))));
  return Number.isFinite(most) ? row.map((value) => code(value) * scale) : row.fill(NaN);
}

function plainStore({ out }: EncodedMatmulSpec): LoopInstruction[] {
  if (out === undefined)
    throw new InternalError('matmul', 'the spec has neither `out` nor an epilogue: the result has nowhere to go');
  return [
    { kind: 'accumulator', dtype: 'f32' },
    { kind: 'store', access: out, arg: 0, each: 'row' },
  ];
}
