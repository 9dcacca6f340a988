/**
 * Weights as GPTQ saves them: codes packed down the inputs, zero points along the outputs, stored less 1 in the format `gptq`.
 * Source: E. Frantar et al., "GPTQ", 2022; the layout of AutoGPTQ and its successors.
 */
import type { Json } from '@espalier/nn';
import { ArgumentError } from '@espalier/tensor';
import { show } from '@espalier/tensor/arguments';
import type { TensorSource, WrittenTensor } from '../tensors/tensor-source.ts';
import { groupSize, type CodedWeight } from './coded-weight.ts';
import { floatsOf, refusePart, transposed, wordsOf } from './parts.ts';
import { codeIn, codesPerWord, packWords } from './words.ts';
import { halfTensor, wordTensor } from './written.ts';

/** What `quantization_config` says. */
export interface GptqConfig {
  readonly bits: number;
  /** -1: all inputs. */
  readonly group: number;
  /** What is taken off zero points before they are stored: 1 in the format `gptq`, nothing in `gptq_v2`. */
  readonly offset: 0 | 1;
}

/** Bits of a code that fill words. */
const someBits: ReadonlySet<unknown> = new Set([2, 4, 8]);

/**
 * What a configuration says.
 * @throws {ArgumentError} for bits that do not fill words, and for a format of another layout.
 */
export function gptqConfig(config: { readonly [key: string]: Json }): GptqConfig {
  const { bits, group_size: group = -1, checkpoint_format: format = 'gptq' } = config;
  if (!someBits.has(bits)) throw new ArgumentError('gptq', `bits is ${show(bits)}; 2, 4 and 8 are known`);
  if (format !== 'gptq' && format !== 'gptq_v2')
    throw new ArgumentError('gptq', `checkpoint_format is ${show(format)}; gptq and gptq_v2 are known`);
  return { bits: bits as number, group: groupSize('gptq', group), offset: format === 'gptq' ? 1 : 0 };
}

/**
 * The codes of a layer `X` of the tensors `X.qweight`, `X.qzeros`, `X.scales` and perhaps `X.g_idx`.
 * @throws {FormatError} naming a part that does not fit the others.
 */
export async function readGptq(source: TensorSource, layer: string, config: GptqConfig): Promise<CodedWeight> {
  const { bits, offset } = config;
  const per = codesPerWord(bits);
  const entry = source.tensors.get(`${layer}.qweight`);
  const [wordRows = 0, rows = 0] = entry?.shape ?? [];
  const columns = wordRows * per;
  const group = config.group === -1 ? Math.max(1, columns) : config.group;
  const groups = Math.ceil(columns / group);
  const words = await wordsOf(source, `${layer}.qweight`, [wordRows, rows]);
  const zeroWords = await wordsOf(source, `${layer}.qzeros`, [groups, rows / per]);
  const scales = await floatsOf(source, `${layer}.scales`, [groups, rows]);
  const codes = new Uint8Array(rows * columns);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      const word = words[Math.floor(column / per) * rows + row] as number;
      codes[row * columns + column] = codeIn(word, column % per, bits);
    }
  const zeros = new Uint8Array(rows * groups);
  for (let row = 0; row < rows; row++)
    for (let index = 0; index < groups; index++) {
      const word = zeroWords[index * (rows / per) + Math.floor(row / per)] as number;
      zeros[row * groups + index] = (codeIn(word, row % per, bits) + offset) & (2 ** bits - 1);
    }
  return {
    shape: [rows, columns],
    bits,
    group,
    codes,
    scales: transposed(scales, groups, rows),
    zeros,
    groupOf: await readOrder(source, layer, columns, group, groups),
  };
}

/** The groups of columns, where they are not those that they would be side by side. */
async function readOrder(
  source: TensorSource,
  layer: string,
  columns: number,
  group: number,
  groups: number,
): Promise<Int32Array | undefined> {
  const name = `${layer}.g_idx`;
  if (!source.tensors.has(name)) return undefined;
  const order = await wordsOf(source, name, [columns]);
  const wrong = order.findIndex((index) => index < 0 || index >= groups);
  if (wrong >= 0) refusePart(source, name, `has column ${wrong} in group ${order[wrong]} of ${groups}`);
  return order.every((index, column) => index === Math.floor(column / group)) ? undefined : order;
}

/**
 * The tensors of a layer, of codes whose scales are f16.
 * @throws {ArgumentError} for sizes that do not fill words, and for a scale that 16 bits do not hold.
 */
export function writeGptq(layer: string, weight: CodedWeight, config: GptqConfig): Map<string, WrittenTensor> {
  const { bits, offset } = config;
  const { shape, group, codes, scales, zeros, groupOf } = weight;
  const [rows, columns] = shape;
  const per = codesPerWord(bits);
  if (weight.bits !== bits || rows % per !== 0 || columns % per !== 0)
    throw new ArgumentError(
      'writeGptq',
      `a weight [${rows}, ${columns}] of ${weight.bits} bits does not fill words of ${per} codes of ${bits} bits`,
    );
  const groups = Math.ceil(columns / group);
  const words = packWords(rows * columns, (rows * columns) / per, bits, (index) => {
    const [row, column] = [Math.floor(index / columns), index % columns];
    return [codes[index] as number, Math.floor(column / per) * rows + row, column % per];
  });
  const centre = 2 ** (bits - 1);
  const zeroWords = packWords(rows * groups, (rows * groups) / per, bits, (index) => {
    const [row, at] = [Math.floor(index / groups), index % groups];
    const zero = ((zeros?.[index] ?? centre) - offset) & (2 ** bits - 1);
    return [zero, at * (rows / per) + Math.floor(row / per), row % per];
  });
  const order = groupOf ?? Int32Array.from({ length: columns }, (_, column) => Math.floor(column / group));
  return new Map([
    [`${layer}.qweight`, wordTensor(words, [columns / per, rows])],
    [`${layer}.qzeros`, wordTensor(zeroWords, [groups, rows / per])],
    [`${layer}.scales`, halfTensor('writeGptq', transposed(scales, rows, groups), [groups, rows])],
    [`${layer}.g_idx`, wordTensor(Int32Array.from(order), [columns])],
  ]);
}
