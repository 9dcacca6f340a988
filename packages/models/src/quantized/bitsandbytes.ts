/**
 * Weights as bitsandbytes saves them: bytes with a scale for each output, or codes of 4 bits into a table, the first in the
 * high bits, with a scale for some weights in a row, which may be codes themselves.
 * Source: T. Dettmers et al., "QLoRA", 2023; the layout of bitsandbytes.
 */
import type { Json } from '@espalier/nn';
import { decodeUtf8 } from '@espalier/nn/format';
import type { TensorSource } from '../tensors/tensor-source.ts';
import { bytesOfPart, floatsOf, refusePart, type QuantizedLayer } from './parts.ts';

const { fround } = Math;

/** A layer of 8 bits: `X.weight` in I8 and `X.SCB`. */
export function eightBitLayer(source: TensorSource, layer: string): QuantizedLayer {
  const name = `${layer}.weight`;
  const shape = source.tensors.get(name)?.shape ?? [];
  const extra = [`${layer}.weight_format`].filter((each) => source.tensors.has(each));
  return {
    name,
    shape,
    parts: [name, `${layer}.SCB`, ...extra],
    decode: async () => {
      const [rows = 0, columns = 0] = shape;
      const codes = await bytesOfPart(source, name, ['I8'], [rows, columns]);
      const scales = await floatsOf(source, `${layer}.SCB`, [rows]);
      const signed = new Int8Array(codes.buffer, codes.byteOffset, codes.length);
      const values = new Float32Array(rows * columns);
      const share = fround(1 / 127);
      for (let row = 0; row < rows; row++)
        for (let at = row * columns; at < (row + 1) * columns; at++)
          values[at] = fround((signed[at] as number) * (scales[row] as number)) * share;
      return values;
    },
  };
}

/** What `quant_state` says: JSON in bytes. */
interface State {
  readonly shape: readonly number[];
  readonly blocksize: number;
  readonly nestedBlocksize: number;
  readonly nestedOffset: number;
}

const isSize = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) > 0;

async function stateOf(source: TensorSource, name: string): Promise<State> {
  const entry = source.tensors.get(name);
  const text = decodeUtf8(await bytesOfPart(source, name, ['U8'], entry?.shape ?? []));
  let parsed: { readonly [key: string]: Json } = {};
  try {
    parsed = JSON.parse(text ?? '') as typeof parsed;
  } catch {
    refusePart(source, name, 'holds no JSON');
  }
  const { shape, blocksize, nested_blocksize: nested = 256, nested_offset: offset = 0 } = parsed ?? {};
  if (
    !Array.isArray(shape) ||
    !shape.every(isSize) ||
    !isSize(blocksize) ||
    !isSize(nested) ||
    typeof offset !== 'number'
  )
    return refusePart(source, name, 'does not say the shape and the size of blocks');
  return { shape, blocksize, nestedBlocksize: nested, nestedOffset: fround(offset) };
}

/** A scale for each block; where they are codes, of the table and the scales of those. */
async function scalesOf(source: TensorSource, name: string, count: number, state: State): Promise<Float32Array> {
  if (!source.tensors.has(`${name}.nested_absmax`)) return floatsOf(source, `${name}.absmax`, [count]);
  const codes = await bytesOfPart(source, `${name}.absmax`, ['U8'], [count]);
  const table = await floatsOf(source, `${name}.nested_quant_map`, [256]);
  const outer = await floatsOf(source, `${name}.nested_absmax`, [Math.ceil(count / state.nestedBlocksize)]);
  return Float32Array.from(codes, (code, index) => {
    const scaled = fround((table[code] as number) * (outer[Math.floor(index / state.nestedBlocksize)] as number));
    return scaled + state.nestedOffset;
  });
}

/**
 * A layer of 4 bits: `X.weight` in U8, `X.weight.absmax`, `X.weight.quant_map`, and what its state says, which is read first.
 * @throws {FormatError} naming a part that does not fit the others.
 */
export async function fourBitLayer(source: TensorSource, layer: string, stateName: string): Promise<QuantizedLayer> {
  const name = `${layer}.weight`;
  const state = await stateOf(source, stateName);
  const parts = [name, stateName];
  for (const part of ['absmax', 'quant_map', 'nested_absmax', 'nested_quant_map'])
    if (source.tensors.has(`${name}.${part}`)) parts.push(`${name}.${part}`);
  const count = state.shape.reduce((product, size) => product * size, 1);
  const packed = source.tensors.get(name)?.bytes ?? 0;
  if (Math.ceil(count / 2) !== packed)
    refusePart(source, stateName, `is of ${count} weights; ${name} has ${2 * packed}`);
  return {
    name,
    shape: state.shape,
    parts,
    decode: async () => {
      const bytes = await bytesOfPart(source, name, ['U8'], source.tensors.get(name)?.shape ?? []);
      const table = await floatsOf(source, `${name}.quant_map`, [16]);
      const scales = await scalesOf(source, name, Math.ceil(count / state.blocksize), state);
      const values = new Float32Array(count);
      for (let index = 0; index < count; index++) {
        const byte = bytes[index >> 1] as number;
        const code = (index & 1) === 0 ? byte >> 4 : byte & 15;
        values[index] = (table[code] as number) * (scales[Math.floor(index / state.blocksize)] as number);
      }
      return values;
    },
  };
}
