/**
 * Weights as compressed-tensors saves them: whole codes in bytes (`int-quantized`), packed into words (`pack-quantized`), or
 * floats of 8 bits (`float-quantized`), each with scales.
 * Source: Neural Magic, "compressed-tensors", format description.
 */
import { smallFloats } from '@espalier/nn/format';
import { ArgumentError } from '@espalier/tensor';
import type { TensorSource, WrittenTensor } from '../tensors/tensor-source.ts';
import type { CodedWeight } from './coded-weight.ts';
import { bytesOfPart, floatsOf, refusePart, wordsOf, type QuantizedLayer } from './parts.ts';
import { codeIn, codesPerWord, packWords } from './words.ts';
import { bytesTensor, scaleTensor, wordTensor } from './written.ts';

/** How many groups the scales [rows, groups], [rows] or [1] of a weight are of, and one for each group of each row. */
async function scalesOf(
  source: TensorSource,
  name: string,
  rows: number,
): Promise<{ readonly groups: number; readonly scales: Float32Array }> {
  const shape = source.tensors.get(name)?.shape ?? [];
  const [first = 1, groups = 1] = shape;
  if (shape.length > 2 || (first !== rows && shape.length === 2) || groups < 1)
    refusePart(source, name, `has a shape that no scales of ${rows} rows have`);
  const values = await floatsOf(source, name, shape);
  if (values.length === 1 && rows !== 1) return { groups: 1, scales: new Float32Array(rows).fill(values[0] as number) };
  if (values.length !== rows * groups) refusePart(source, name, `has ${values.length} scales for ${rows} rows`);
  return { groups, scales: values };
}

/** How many columns share a scale: as the configuration says it, or all. */
function groupOfScales(
  source: TensorSource,
  layer: string,
  columns: number,
  groups: number,
  groupSize: number | undefined,
): number {
  const group = groups === 1 ? Math.max(1, columns) : (groupSize ?? columns / groups);
  if (Math.ceil(columns / group) !== groups && columns > 0)
    refusePart(
      source,
      `${layer}.weight_scale`,
      `has ${groups} groups; ${columns} columns in groups of ${group} have others`,
    );
  return group;
}

/** Codes [rows, columns] of words [rows, ⌈columns / codes of a word⌉]. */
function unpackRows(words: Int32Array, rows: number, columns: number, bits: number): Uint8Array {
  const per = codesPerWord(bits);
  const inRow = Math.ceil(columns / per);
  const codes = new Uint8Array(rows * columns);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      codes[row * columns + column] = codeIn(
        words[row * inRow + Math.floor(column / per)] as number,
        column % per,
        bits,
      );
  return codes;
}

/**
 * The codes of a layer `X` of `X.weight_packed`, `X.weight_scale`, `X.weight_shape`, and perhaps `X.weight_zero_point` and
 * `X.weight_g_idx`.
 * @throws {FormatError} naming a part that does not fit the others.
 */
export async function readPacked(
  source: TensorSource,
  layer: string,
  bits: number,
  groupSize?: number,
): Promise<CodedWeight> {
  const per = codesPerWord(bits);
  const size = await bytesOfPart(source, `${layer}.weight_shape`, ['I64', 'I32'], [2]);
  const isLong = size.length === 16;
  const view = new DataView(size.buffer, size.byteOffset, size.length);
  const [rows, columns] = [0, 1].map((axis) =>
    isLong ? Number(view.getBigInt64(8 * axis, true)) : view.getInt32(4 * axis, true),
  ) as [number, number];
  const packed = `${layer}.weight_packed`;
  if (!(rows > 0 && columns > 0)) refusePart(source, `${layer}.weight_shape`, `is [${rows}, ${columns}]`);
  const words = await wordsOf(source, packed, [rows, Math.ceil(columns / per)]);
  const { groups, scales } = await scalesOf(source, `${layer}.weight_scale`, rows);
  const group = groupOfScales(source, layer, columns, groups, groupSize);
  const zeroName = `${layer}.weight_zero_point`;
  const zeros = source.tensors.has(zeroName)
    ? zerosOf(await wordsOf(source, zeroName, [Math.ceil(rows / per), groups]), rows, groups, bits)
    : undefined;
  const orderName = `${layer}.weight_g_idx`;
  const order = source.tensors.has(orderName) ? await wordsOf(source, orderName, [columns]) : undefined;
  const isOrdered = !order || order.every((index, column) => index === Math.floor(column / group) || index === -1);
  if (order && !isOrdered && order.some((index) => index < 0 || index >= groups))
    refusePart(source, orderName, `names a group that is none of ${groups}`);
  return {
    shape: [rows, columns],
    bits,
    group,
    codes: unpackRows(words, rows, columns, bits),
    scales,
    zeros,
    groupOf: isOrdered ? undefined : order,
  };
}

/** Zero points are packed down the rows. */
function zerosOf(words: Int32Array, rows: number, groups: number, bits: number): Uint8Array {
  const per = codesPerWord(bits);
  const zeros = new Uint8Array(rows * groups);
  for (let row = 0; row < rows; row++)
    for (let index = 0; index < groups; index++)
      zeros[row * groups + index] = codeIn(words[Math.floor(row / per) * groups + index] as number, row % per, bits);
  return zeros;
}

/**
 * The codes of a layer `X` of `X.weight` in I8, `X.weight_scale`, and perhaps `X.weight_zero_point`.
 * @throws {FormatError} naming a part that does not fit the others.
 */
export async function readBytes8(source: TensorSource, layer: string, groupSize?: number): Promise<CodedWeight> {
  const name = `${layer}.weight`;
  const [rows = 0, columns = 0] = source.tensors.get(name)?.shape ?? [];
  const signed = await bytesOfPart(source, name, ['I8'], [rows, columns]);
  const { groups, scales } = await scalesOf(source, `${layer}.weight_scale`, rows);
  const zeroName = `${layer}.weight_zero_point`;
  const zeroShape = source.tensors.get(zeroName)?.shape;
  const given = zeroShape ? await bytesOfPart(source, zeroName, ['I8'], zeroShape) : undefined;
  if (given && given.length !== 1 && given.length !== rows * groups)
    refusePart(source, zeroName, `has ${given.length} zero points for ${rows * groups} scales`);
  const zeros =
    given &&
    new Uint8Array(rows * groups).map((_, index) => ((given.length === 1 ? given[0] : given[index]) as number) ^ 128);
  return {
    shape: [rows, columns],
    bits: 8,
    group: groupOfScales(source, layer, columns, groups, groupSize),
    codes: signed.map((code) => code ^ 128),
    scales,
    // Zero points that are all 0 say nothing.
    zeros: zeros?.some((zero) => zero !== 128) ? zeros : undefined,
  };
}

/**
 * The tensors of a layer in `pack-quantized`, of codes of 1, 2, 4 or 8 bits.
 * @throws {ArgumentError} for other bits.
 */
export function writePacked(layer: string, weight: CodedWeight): Map<string, WrittenTensor> {
  const { shape, bits, group, codes, scales, zeros, groupOf } = weight;
  const [rows, columns] = shape;
  if (32 % bits !== 0)
    throw new ArgumentError('writePacked', `takes codes of 1, 2, 4 or 8 bits, which fill words, not of ${bits}`);
  const per = codesPerWord(bits);
  const [inRow, groups] = [Math.ceil(columns / per), Math.ceil(columns / group)];
  const words = packWords(rows * columns, rows * inRow, bits, (index) => {
    const [row, column] = [Math.floor(index / columns), index % columns];
    return [codes[index] as number, row * inRow + Math.floor(column / per), column % per];
  });
  const zeroRows = Math.ceil(rows / per);
  const zeroWords =
    zeros &&
    packWords(rows * groups, zeroRows * groups, bits, (index) => {
      const [row, at] = [Math.floor(index / groups), index % groups];
      return [zeros[index] as number, Math.floor(row / per) * groups + at, row % per];
    });
  return new Map([
    [`${layer}.weight_packed`, wordTensor(words, [rows, inRow])],
    [`${layer}.weight_scale`, scaleTensor(Float32Array.from(scales), [rows, groups])],
    [`${layer}.weight_shape`, bytesTensor('I64', [2], BigInt64Array.of(BigInt(rows), BigInt(columns)))],
    ...(zeroWords ? [[`${layer}.weight_zero_point`, wordTensor(zeroWords, [zeroRows, groups])] as const] : []),
    ...(groupOf ? [[`${layer}.weight_g_idx`, wordTensor(Int32Array.from(groupOf), [columns])] as const] : []),
  ]);
}

/** A layer `X` of `X.weight` in floats of 8 bits and `X.weight_scale`. */
export function floatLayer(source: TensorSource, layer: string, endings: readonly string[]): QuantizedLayer {
  const name = `${layer}.weight`;
  const shape = source.tensors.get(name)?.shape ?? [];
  return {
    name,
    shape,
    parts: endings.map((ending) => `${layer}.${ending}`).filter((each) => source.tensors.has(each)),
    decode: async () => {
      const [rows = 0, columns = 0] = shape;
      const codes = await bytesOfPart(source, name, ['F8_E4M3'], [rows, columns]);
      const { groups, scales } = await scalesOf(source, `${layer}.weight_scale`, rows);
      const table = smallFloats('F8_E4M3') as Float32Array;
      const group = Math.max(1, Math.ceil(columns / groups));
      return Float32Array.from(codes, (code, index) => {
        const place = Math.floor(index / columns) * groups + Math.floor((index % columns) / group);
        return (table[code] as number) * (scales[place] as number);
      });
    },
  };
}
