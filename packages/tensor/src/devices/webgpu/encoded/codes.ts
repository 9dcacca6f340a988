/**
 * Layouts that have a code for every element: how words of codes are read, and what a code stands for.
 *
 * Rows of codes begin at any byte. Reads beyond the end of a row see the next one, which whoever reads has to leave alone.
 */
import { InternalError } from '../../../errors.ts';
import { groupedCodes } from '../../../kernel/grouped-codes.ts';
import type { EncodedLayout } from '../../../kernel/spec.ts';
import { bufferName } from '../wgsl/storage.ts';
import { indent, type WgslModule } from '../wgsl/wgsl-module.ts';
import { addGroupedCodes, bitsInWord, isAligned } from './grouped-codes.ts';
import type { EncodedProduct } from './product.ts';

/** How the codes of a matrix are decoded. The functions of `addCodes` are in these terms. */
export interface Codes {
  /** Bits of a code, and how many share a word. */
  readonly bits: 4 | 8;
  readonly perWord: 4 | 8;
  /** How many codes share what they are multiplied by: a group, or a row; undefined where codes stand for numbers themselves. */
  readonly scaled: number | 'row' | undefined;
  /** Whether numbers are counted from a zero point of the group. */
  readonly zeros: boolean;
  /** Whether `zero_of` has to be asked. */
  readonly counted: boolean;
}

type CodedLayout = EncodedLayout & ('int8' | 'int4' | 'int-n' | 'codebook');

/** The codes of a matrix; `columns` is the length of its rows. */
export function codesOf({ spec: { layout, settings, columns } }: EncodedProduct): Codes {
  switch (layout as CodedLayout) {
    case 'int8':
      return { bits: 8, perWord: 4, scaled: 'row', zeros: false, counted: false };
    case 'int4':
      return {
        bits: 4,
        perWord: 8,
        scaled: Math.min(Number(settings['group']), columns),
        zeros: settings['zeros'] === true,
        counted: true,
      };
    case 'int-n': {
      const own = groupedCodes(settings);
      const bits = bitsInWord(own);
      const scaled = Math.min(own.group, columns);
      return { bits, perWord: bits === 4 ? 8 : 4, scaled, zeros: own.zeros, counted: true };
    }
    case 'codebook':
      return settings['bits'] === 4
        ? { bits: 4, perWord: 8, scaled: undefined, zeros: false, counted: true }
        : { bits: 8, perWord: 4, scaled: undefined, zeros: false, counted: false };
    default:
      throw new InternalError('webgpu', `the layout ${layout} has no code for every element`);
  }
}

/** Bytes of a row. */
function rowBytes({ bits }: Codes, columns: number): number {
  return Math.ceil((columns * bits) / 8);
}

/**
 * Adds `NAME(byte)`: four bytes of a buffer of words, from any byte on, the lowest first. What is beyond the end of the
 * buffer is undefined.
 */
export function addWordReader(module: WgslModule, name: string, binding: number, aligned: boolean): void {
  const buffer = bufferName(binding);
  module.add(
    aligned
      ? `fn ${name}(byte: u32) -> u32 {
  return ${buffer}[byte / 4u];
}`
      : `fn ${name}(byte: u32) -> u32 {
  let word = byte / 4u;
  let shift = byte % 4u * 8u;
  let next = ${buffer}[word + 1u] << ((32u - shift) & 31u);
  return (${buffer}[word] >> shift) | select(next, 0u, shift == 0u);
}`,
  );
}

/**
 * Adds what reads codes:
 *
 *   codes(row, column)                  the word of codes from `column`, a multiple of `perWord`, on
 *   four(word, zero, scale)             the elements that the lowest four codes of a word stand for
 *   zero_of(row, column)                what a code is counted from
 *   scale_of(row, column)               what a number counted from there is multiplied by
 *
 * Elements are scaled before they meet x: sums of codes times x overflow where x · element is far from it.
 */
export function addCodes(module: WgslModule, codes: Codes, product: EncodedProduct): void {
  const { spec } = product;
  const { columns, parts, settings, layout } = spec;
  const [first = 0, second = 0, third = 0] = parts;
  if (layout === 'int-n') {
    addWordReader(module, 'word_at', first, isAligned(groupedCodes(settings), columns));
    addGroupedCodes(module, product);
    return;
  }
  const bytes = rowBytes(codes, columns);
  addWordReader(module, 'word_at', first, bytes % 4 === 0);
  module.add(`fn codes(row: u32, column: u32) -> u32 {
  return word_at(row * ${bytes}u + column${codes.bits === 4 ? ' / 2u' : ''});
}`);
  const plain = codes.bits === 4 ? 'vec4(0u, 4u, 8u, 12u)) & vec4(15u)' : 'vec4(0u, 8u, 16u, 24u)) & vec4(255u)';
  const split = `(vec4(word) >> ${plain}`;
  const table = bufferName(second);
  const numbers =
    codes.scaled === undefined
      ? `let code = ${split};\nreturn vec4(${table}[code.x], ${table}[code.y], ${table}[code.z], ${table}[code.w]);`
      : codes.bits === 4
        ? `return (vec4<f32>(${split}) - vec4(zero)) * scale;`
        : 'return vec4<f32>((vec4(bitcast<i32>(word)) << vec4(24u, 16u, 8u, 0u)) >> vec4(24u)) * scale;';
  module.add(`fn four(word: u32, zero: f32, scale: f32) -> vec4<f32> {
${indent(numbers.split('\n'))}
}`);
  const place =
    codes.scaled === 'row'
      ? settings['scales'] === 'matrix'
        ? '0u'
        : 'row'
      : `row * ${Math.ceil(columns / (codes.scaled ?? columns))}u + column / ${codes.scaled ?? columns}u`;
  const zero = codes.zeros ? `f32(extractBits(${bufferName(third)}[place / 4u], place % 4u * 8u, 8u))` : '8.0';
  module.add(`fn zero_of(row: u32, column: u32) -> f32 {
${indent(codes.zeros ? [`let place = ${place};`, `return ${zero};`] : [`return ${zero};`])}
}`);
  module.add(`fn scale_of(row: u32, column: u32) -> f32 {
  return ${codes.scaled === undefined ? '1.0' : `${table}[${place}]`};
}`);
}

/** Adds `weight(row, column)` and `weights(row, column)`, the elements column … column + 3 from a multiple of four on. */
export function addWeights(module: WgslModule, codes: Codes): void {
  const word =
    codes.bits === 4 ? 'codes(row, column & 0xfffffff8u) >> ((column & 4u) * 4u)' : 'codes(row, column & 0xfffffffcu)';
  module.add(`fn weights(row: u32, column: u32) -> vec4<f32> {
  return four(${word}, zero_of(row, column), scale_of(row, column));
}`);
  module.add(`fn weight(row: u32, column: u32) -> f32 {
  return weights(row, column)[column & 3u];
}`);
}
