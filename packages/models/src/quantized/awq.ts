/**
 * Weights as AWQ saves them (`gemm`): codes of 4 bits packed along the outputs in an order of their own, zero points alike.
 * Source: J. Lin et al., "AWQ", 2023; the layout of AutoAWQ.
 */
import type { Json } from '@espalier/nn';
import { ArgumentError } from '@espalier/tensor';
import { show } from '@espalier/tensor/arguments';
import type { TensorSource, WrittenTensor } from '../tensors/tensor-source.ts';
import { groupSize, type CodedWeight } from './coded-weight.ts';
import { floatsOf, transposed, wordsOf } from './parts.ts';
import { codeIn, packWords } from './words.ts';
import { halfTensor, wordTensor } from './written.ts';

const bits = 4;
const per = 8;
/** Which output of eight nibble k of a word is, and the other way round. */
const outputs = [0, 2, 4, 6, 1, 3, 5, 7] as const;
const nibbles = outputs.map((_, output) => outputs.indexOf(output as (typeof outputs)[number]));

/**
 * How many inputs a group has; -1: all.
 * @throws {ArgumentError} for other bits, and for another layout than `gemm`.
 */
export function awqGroup(config: { readonly [key: string]: Json }): number {
  const size = config['bits'] ?? config['w_bit'];
  const { version: named = 'gemm' } = config;
  const version = typeof named === 'string' ? named.toLowerCase() : named;
  if (size !== bits) throw new ArgumentError('awq', `bits is ${show(size)}; 4 is known`);
  if (version !== 'gemm') throw new ArgumentError('awq', `version is ${show(version)}; gemm is known`);
  return groupSize('awq', config['group_size'] ?? config['q_group_size'] ?? -1);
}

/** Codes [rows, columns] of words [columns, rows / 8]. */
function unpack(words: Int32Array, rows: number, columns: number): Uint8Array {
  const codes = new Uint8Array(rows * columns);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      const word = words[column * (rows / per) + (row >> 3)] as number;
      codes[row * columns + column] = codeIn(word, nibbles[row & 7] as number, bits);
    }
  return codes;
}

const pack = (codes: (index: number) => number, rows: number, columns: number): Int32Array<ArrayBuffer> =>
  packWords(rows * columns, (rows * columns) / per, bits, (index) => {
    const [row, column] = [Math.floor(index / columns), index % columns];
    return [codes(index), column * (rows / per) + (row >> 3), nibbles[row & 7] as number];
  });

/**
 * The codes of a layer `X` of the tensors `X.qweight`, `X.qzeros` and `X.scales`.
 * @throws {FormatError} naming a part that does not fit the others.
 */
export async function readAwq(source: TensorSource, layer: string, inputs: number): Promise<CodedWeight> {
  const [columns = 0, wordsInRow = 0] = source.tensors.get(`${layer}.qweight`)?.shape ?? [];
  const rows = wordsInRow * per;
  const group = inputs === -1 ? Math.max(1, columns) : inputs;
  const groups = Math.ceil(columns / group);
  const words = await wordsOf(source, `${layer}.qweight`, [columns, wordsInRow]);
  const zeroWords = await wordsOf(source, `${layer}.qzeros`, [groups, wordsInRow]);
  const scales = await floatsOf(source, `${layer}.scales`, [groups, rows]);
  return {
    shape: [rows, columns],
    bits,
    group,
    codes: unpack(words, rows, columns),
    scales: transposed(scales, groups, rows),
    zeros: unpack(zeroWords, rows, groups),
  };
}

/**
 * The tensors of a layer, of codes whose scales are f16.
 * @throws {ArgumentError} for other bits, outputs that do not fill words, columns out of order, and for a scale that 16 bits do
 * not hold.
 */
export function writeAwq(layer: string, weight: CodedWeight): Map<string, WrittenTensor> {
  const { shape, group, codes, scales, zeros, groupOf } = weight;
  const [rows, columns] = shape;
  if (weight.bits !== bits || rows % per !== 0 || groupOf)
    throw new ArgumentError(
      'writeAwq',
      `takes weights of 4 bits with outputs in eights and columns in order, not [${rows}, ${columns}] of ${weight.bits} bits`,
    );
  const groups = Math.ceil(columns / group);
  return new Map([
    [
      `${layer}.qweight`,
      wordTensor(
        pack((index) => codes[index] as number, rows, columns),
        [columns, rows / per],
      ),
    ],
    [
      `${layer}.qzeros`,
      wordTensor(
        pack((index) => zeros?.[index] ?? 8, rows, groups),
        [groups, rows / per],
      ),
    ],
    [`${layer}.scales`, halfTensor('writeAwq', transposed(scales, rows, groups), [groups, rows])],
  ]);
}
