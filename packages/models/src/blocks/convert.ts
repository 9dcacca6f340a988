/** Floats into blocks and back, for whoever comes from outside: what no block can hold is refused. */
import { aByteArray } from '@espalier/nn/arguments';
import { ArgumentError } from '@espalier/tensor';
import { check, oneOf, ruleOf, type Rule } from '@espalier/tensor/arguments';
import { fileDType, type FileDType } from '../tensors/dtypes.ts';
import type { BlockType } from './block.ts';
import { blockType, blockTypes } from './table.ts';

const someWeights: Rule<Float32Array> = ruleOf('a Float32Array', (value) => value instanceof Float32Array);
const aType: Rule<string> = oneOf(...blockTypes);

/** What is larger has no scale of 16 bits in any type, and its square none of 32 in a search. */
const largest = 2 ** 30;

function found(operation: string, dtype: string): { readonly type: BlockType; readonly kind: FileDType } {
  check(operation, 'dtype', dtype, aType);
  return { type: blockType(dtype) as BlockType, kind: fileDType(dtype) as FileDType };
}

/**
 * Weights in blocks of a type (one of `blockTypes`), to the bit as llama.cpp makes them without an importance matrix.
 * @throws {ArgumentError} for weights that fill no whole blocks, NaN, infinities, and what is larger than a block can hold.
 */
export function encodeBlocks(dtype: string, weights: Float32Array): Uint8Array<ArrayBuffer> {
  const { type, kind } = found('encodeBlocks', dtype);
  check('encodeBlocks', 'weights', weights, someWeights);
  const count = weights.length / kind.elements;
  if (!Number.isInteger(count))
    throw new ArgumentError(
      'encodeBlocks',
      `${weights.length} weights do not fill blocks of ${kind.elements} of ${dtype}; choose a type whose blocks the last axis is a multiple of`,
    );
  const wrong = weights.findIndex((weight) => !(Math.abs(weight) <= largest));
  if (wrong >= 0)
    throw new ArgumentError(
      'encodeBlocks',
      `weight ${wrong} is ${weights[wrong]}, which no block of ${dtype} holds; weights are finite, and at most 2^30`,
    );
  const step = kind.bits / 8;
  const bytes = new Uint8Array(count * step);
  type.encode(weights, count, bytes);
  for (const scale of type.scales)
    for (let block = 0; block < count; block++)
      if (((bytes[block * step + scale + 1] as number) & 0x7c) === 0x7c)
        throw new ArgumentError(
          'encodeBlocks',
          `weights from ${block * kind.elements} on are too large for the scale of a block of ${dtype}, which is at most 65504; scale them down`,
        );
  return bytes;
}

/**
 * The weights of blocks of a type (one of `blockTypes`).
 * @throws {ArgumentError} for bytes that are no whole blocks.
 */
export function decodeBlocks(dtype: string, bytes: Uint8Array): Float32Array<ArrayBuffer> {
  const { type, kind } = found('decodeBlocks', dtype);
  check('decodeBlocks', 'bytes', bytes, aByteArray);
  const count = (8 * bytes.length) / kind.bits;
  if (!Number.isInteger(count))
    throw new ArgumentError(
      'decodeBlocks',
      `${bytes.length} bytes are no whole blocks of ${dtype}, of ${kind.bits / 8} bytes each`,
    );
  const weights = new Float32Array(count * kind.elements);
  type.decode(bytes, count, weights);
  return weights;
}
