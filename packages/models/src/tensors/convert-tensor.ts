/** A tensor of an open file as another dtype, a piece at a time. */
import { FormatError } from '@espalier/nn';
import { showName } from '@espalier/nn/arguments';
import { aText, check, showShape } from '@espalier/tensor/arguments';
import { bytesOfTensor, fileDType, type FileDType } from './dtypes.ts';
import { floatTargets, isFloatSource, readerOf, writerOf } from './floats.ts';
import { inPieces } from './pieces.ts';
import { entryOf } from './read-tensor.ts';
import type { TensorEntry, TensorSource, WrittenTensor } from './tensor-source.ts';
import { carriedTensor } from './write-tensor.ts';

/** Elements of a piece: whole blocks of every dtype. */
const pieceElements = 2 ** 20;

/** Why a tensor cannot be written as a dtype, in a few words; undefined where it can. */
export function flawOfConversion(name: string, { dtype, shape }: TensorEntry, to: string): string | undefined {
  if (dtype === to) return undefined;
  const [from, target] = [fileDType(dtype), fileDType(to)];
  if (!target || !floatTargets.includes(to)) return `${showName(name)} as ${to}, which nothing is converted to`;
  if (!from || !isFloatSource(from)) return `${showName(name)}, which is ${dtype} and no float, as ${to}`;
  return bytesOfTensor(target, shape) === undefined
    ? `${showName(name)} ${showShape(shape)} as ${to}, whose blocks have ${target.elements} of the last axis`
    : undefined;
}

/**
 * A tensor of an open file as another dtype: F32, F16, BF16, F64, or a type of blocks (`blockTypes`). Values are rounded to
 * f32 and then to that dtype, blocks are those of llama.cpp; what has the dtype already is carried as it is.
 * @throws {FormatError} for what is no float, and for rows that are no whole blocks; as values are asked for, for one that
 * no block holds.
 */
export function convertedTensor(source: TensorSource, name: string, dtype: string): WrittenTensor {
  check('convertedTensor', 'name', name, aText);
  check('convertedTensor', 'dtype', dtype, aText);
  const entry = entryOf(source, name);
  if (entry.dtype === dtype) return carriedTensor(source, name);
  const flaw = flawOfConversion(name, entry, dtype);
  if (flaw !== undefined)
    throw new FormatError(
      source.name,
      0,
      `cannot give ${flaw}; convert it to ${floatTargets.slice(0, 4).join(', ')}, or carry it`,
    );
  const target = fileDType(dtype) as FileDType;
  const bytes = bytesOfTensor(target, entry.shape) as number;
  return { dtype, shape: entry.shape, bytes, values: () => pieces(source, name, entry, dtype) };
}

async function* pieces(
  source: TensorSource,
  name: string,
  entry: TensorEntry,
  dtype: string,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const from = fileDType(entry.dtype) as FileDType;
  const place = { source: source.name, name };
  const [read, write] = [readerOf(from, place), writerOf(dtype, place)];
  const size = (pieceElements / from.elements) * (from.bits / 8);
  for await (const piece of inPieces(entry.bytes, size, (begin, end) => source.read(name, { begin, end })))
    yield write(read(piece));
}
