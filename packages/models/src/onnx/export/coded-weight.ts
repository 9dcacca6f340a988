/**
 * Weights in codes as values of a graph. Codes of 8 bits, and others with one scale for a row, are what `DequantizeLinear` takes apart;
 * so are groups of columns, since version 21. Products with 4 bits in groups are `MatMulNBits` of ONNX Runtime.
 */
import type { Parameter } from '@espalier/nn';
import { fromTyped, onesLike, type EncodedMatrix, type Shape, type Tensor } from '@espalier/tensor';
import { OnnxTensor } from '../values/value.ts';
import type { GraphWriter } from './graph-writer.ts';

/** The codes of a matrix, and what they are times. */
export interface Codes {
  /** [rows, columns]: whole numbers as floats, without what a zero point takes off. */
  readonly codes: Tensor;
  readonly type: 'i8' | 'u8' | 'i4' | 'u4';
  /** [rows, groups], or [1] of all. */
  readonly scales: Tensor;
  /** As scales; absent where codes lie around 0. */
  readonly zeros: Tensor | undefined;
  /** Columns of a group. */
  readonly group: number;
  readonly shape: readonly [rows: number, columns: number];
}

/** Formats of codes, by name: how wide they are, of a matrix. */
const widths: Readonly<Record<string, (matrix: EncodedMatrix) => number | undefined>> = {
  int8: () => 8,
  bitmask: ({ settings }) => (settings['values'] === 'int8' ? 8 : undefined),
  csr: ({ settings }) => (settings['values'] === 'int8' ? 8 : undefined),
  int4: () => 4,
  'int-n': ({ settings }) => Number(settings['bits']),
};

/** The codes of a weight; undefined of one that is not in codes, and of those that ONNX has no form for. */
export function codesOf(parameter: Parameter): Codes | undefined {
  const { stored } = parameter;
  if (!stored) return shownCodes(parameter);
  const matrix = stored?.matrix;
  const bits = matrix && Object.hasOwn(widths, matrix.format.name) ? widths[matrix.format.name]?.(matrix) : undefined;
  if (!matrix || bits === undefined) return undefined;
  const { arrays, shape, settings } = matrix;
  const [rows, columns] = shape;
  const { scales, zeros } = arrays as { readonly scales: Tensor; readonly zeros?: Tensor };
  const group = Math.min(Number(settings['group'] ?? columns), Math.max(1, columns));
  // With scales of 1, what codes stand for are the codes less their zero points.
  const steps = matrix.with({ scales: onesLike(scales) }).toDense();
  const points = zeros?.cast('f32').repeatInterleave(group, 1).narrow(1, 0, columns);
  return {
    codes: points ? steps.add(points) : steps,
    type: `${zeros ? 'u' : 'i'}${bits <= 4 ? 4 : 8}`,
    scales: scales.cast('f32'),
    zeros,
    group,
    shape: [rows, columns],
  };
}

/** The codes that a view shows: there is no format that computes from them. */
function shownCodes({ views, value, shape: [rows = 1, ...rest] }: Parameter): Codes | undefined {
  const meaning = views.at(-1)?.meaning;
  const columns = rest.reduce((product, size) => product * size, 1);
  if (!meaning || columns === 0 || rows === 0) return undefined;
  const { bits, zeros } = meaning;
  const width = bits <= 4 ? 4 : 8;
  const group = Math.min(meaning.group ?? columns, columns);
  const placed = (values: Float32Array | Int8Array): Tensor =>
    fromTyped(Float32Array.from(values), values.length === 1 ? [1] : [rows, values.length / rows], {
      device: value.device,
    });
  const spread = (values: Tensor): Tensor =>
    values.size === 1 ? values : values.repeatInterleave(group, 1).narrow(1, 0, columns);
  const scales = placed(meaning.scales);
  // With a zero point codes are written from 0 on.
  const points = zeros && placed(zeros).add(2 ** (width - 1));
  const steps = value.reshape([rows, columns]).div(spread(scales)).round();
  return {
    codes: points ? steps.add(spread(points)) : steps,
    type: `${zeros ? 'u' : 'i'}${width}`,
    scales,
    zeros: points,
    group,
    shape: [rows, columns],
  };
}

/** Whether codes have one scale for a row, or for all. */
export const isByRow = ({ group, shape: [, columns] }: Codes): boolean => group >= columns;

/** Notes which version of the operators takes them apart. */
function noteVersion(to: GraphWriter, codes: Codes): void {
  const { type, scales } = codes;
  const bits = `int${type.slice(1)}`;
  if (!type.endsWith('8')) to.needs(21, `weights in ${bits}`);
  else if (!isByRow(codes)) to.needs(21, `weights in ${bits} with a scale for each group`);
  else if (scales.size > 1) to.needs(13, `weights in ${bits} with a scale for each channel`);
  else to.needs(10, `weights in ${bits} with one scale`);
}

/** Adds codes, with nodes that take them apart; gives the name of the values, in a shape whose first axis is that of the rows. */
export function decoded(
  to: GraphWriter,
  name: string,
  codes: Codes,
  { shape, turned = false }: { readonly shape: Shape; readonly turned?: boolean },
): string {
  const [rows, columns] = codes.shape;
  const groups = Math.ceil(columns / codes.group);
  const byRow = isByRow(codes);
  const arranged = (values: Tensor, as: Shape): Tensor => (turned ? values.reshape(as).t() : values.reshape(as));
  const put = (suffix: string, type: OnnxTensor['type'], values: Tensor): string => {
    const full = `${name}_${suffix}`;
    to.constants.set(full, OnnxTensor.of(type, values));
    return full;
  };
  const isOne = codes.scales.size === 1;
  const perGroup = (values: Tensor): Tensor =>
    isOne ? values.reshape([]) : byRow ? values.reshape([rows]) : arranged(values, [rows, groups]);
  const own = byRow ? shape : [rows, columns];
  const zeros = codes.zeros ?? codes.scales.mul(0);
  const inputs = [
    put('codes', codes.type, arranged(codes.codes, own)),
    put('scale', 'f32', perGroup(codes.scales)),
    put('zero', codes.type, perGroup(zeros.cast('f32'))),
  ];
  const axis = turned ? 1 : 0;
  // Version 10 has no axis, and one scale needs none.
  const attributes = byRow ? (isOne ? {} : { axis }) : { axis: 1 - axis, block_size: codes.group };
  const isWhole = byRow || shape.length === 2;
  noteVersion(to, codes);
  const values = to.named('DequantizeLinear', isWhole ? name : `${name}_rows`, inputs, attributes);
  return isWhole ? values : to.named('Reshape', name, [values, to.wholes(`${name}_shape`, [...shape])]);
}

/** Whether `MatMulNBits` has a form for codes: 4 bits in groups of a power of two. */
export function isInBlocks(codes: Codes): boolean {
  return codes.type.endsWith('4') && !isByRow(codes) && codes.group >= 16 && Math.log2(codes.group) % 1 === 0;
}

/** A product with codes in blocks; gives its name, which `output` may choose. */
export function blockProduct(to: GraphWriter, name: string, x: string, codes: Codes, output?: string): string {
  const [rows, columns] = codes.shape;
  const { group } = codes;
  const groups = Math.ceil(columns / group);
  // Codes from 0 to 15; what fills up the last block is 0.
  const lifted = codes.zeros ? codes.codes : codes.codes.add(8);
  const filled = lifted.pad([
    [0, 0],
    [0, groups * group - columns],
  ]);
  const put = (suffix: string, type: OnnxTensor['type'], values: Tensor): string => {
    const full = `${name}_${suffix}`;
    to.constants.set(full, OnnxTensor.of(type, values));
    return full;
  };
  const inputs = [
    x,
    put('codes', 'u8', inPairs(filled.reshape([rows * groups, group])).reshape([rows, groups, group / 2])),
    put('scale', 'f32', codes.scales.reshape([rows * groups])),
  ];
  if (codes.zeros) {
    const even = codes.zeros.cast('f32').reshape([rows, groups]).pad([[0, 0], [0, groups % 2]]); // prettier-ignore
    inputs.push(put('zero', 'u8', inPairs(even).reshape([-1])));
  }
  return to.named('MatMulNBits', output ?? `${name}_product`, inputs, { K: columns, N: rows, bits: 4, block_size: group }, 'com.microsoft'); // prettier-ignore
}

/** Numbers from 0 to 15, two to a byte, the first in the low bits. */
function inPairs(codes: Tensor): Tensor {
  const [rows = 0, columns = 0] = codes.shape;
  const pairs = codes.reshape([rows, columns / 2, 2]);
  return pairs
    .narrow(2, 0, 1)
    .add(pairs.narrow(2, 1, 1).mul(16))
    .squeeze([2])
    .cast('u8');
}
