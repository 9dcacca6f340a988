/** Tensors of files as tensors of the engine, read in pieces: memory holds what lies on the device, and a few MiB. */
import { FormatError } from '@espalier/nn';
import { showName } from '@espalier/nn/arguments';
import { defaultDevice, fromChunks, type Device, type Tensor } from '@espalier/tensor';
import { aDevice, aText, check, checkOptions, type OptionRules } from '@espalier/tensor/arguments';
import { conversionOf } from './convert.ts';
import { fileDType, type FileDType } from './dtypes.ts';
import { inPieces } from './pieces.ts';
import type { TensorEntry, TensorSource } from './tensor-source.ts';

/** Where a tensor is put. */
export interface ReadTensorOptions {
  /** Default: `defaultDevice()`. */
  readonly device?: Device;
}

const readOptions: OptionRules<ReadTensorOptions> = { device: aDevice };

/** Elements of a piece: whole blocks and whole bytes of every dtype. */
const pieceElements = 2 ** 20;

/**
 * What a file says of a tensor.
 * @throws {FormatError} naming the tensor, where the file has none of the name.
 */
export function entryOf(source: TensorSource, name: string): TensorEntry {
  const entry = source.tensors.get(name);
  if (entry) return entry;
  const names = [...source.tensors.keys()];
  throw new FormatError(
    source.name,
    0,
    `has no tensor ${showName(name)}; it has ${names.slice(0, 8).map(showName).join(', ') || 'none'}${names.length > 8 ? ` and ${names.length - 8} more` : ''}`,
  );
}

/** Whether a tensor of a dtype can be read by `readTensor`. */
export function isReadable(dtype: string): boolean {
  return fileDType(dtype)?.dtype !== undefined;
}

/**
 * A tensor of a file on a device, in the dtype that the table of dtypes (`fileDType`) says: its own where the engine has it,
 * or one that holds its values; weights of blocks as f32. F64 is f32 on a device without doubles.
 * @throws {FormatError} naming the file and the tensor: one that is not there, of a dtype that is only carried, or with an
 * integer of 64 bits that 32 do not hold.
 */
export async function readTensor(source: TensorSource, name: string, options: ReadTensorOptions = {}): Promise<Tensor> {
  check('readTensor', 'name', name, aText);
  const { device = defaultDevice() } = checkOptions('readTensor', options, readOptions);
  const entry = entryOf(source, name);
  const kind = fileDType(entry.dtype);
  if (!kind?.dtype)
    throw new FormatError(
      source.name,
      0,
      `${showName(name)} is ${entry.dtype}, which there are no tensors of; convert it with the program that made it, or carry its bytes by read`,
    );
  const { dtype } = kind;
  const isNarrowed = dtype === 'f64' && !device.capabilities.dtypes.has('f64');
  const convert = conversionOf(kind, { source: source.name, name });
  return fromChunks(
    converted(source, name, entry, kind, isNarrowed ? (bytes) => narrowed(convert(bytes)) : convert),
    entry.shape,
    {
      dtype: isNarrowed ? 'f32' : dtype,
      device,
    },
  );
}

async function* converted(
  source: TensorSource,
  name: string,
  { bytes }: TensorEntry,
  { elements, bits }: FileDType,
  convert: (piece: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const size = (pieceElements / elements) * (bits / 8);
  // Two buffers in turn: one is written to the device while the next piece is read into the other.
  const buffers = [new ArrayBuffer(Math.min(size, bytes)), new ArrayBuffer(Math.min(size, Math.max(0, bytes - size)))];
  const read = (begin: number, end: number): Promise<Uint8Array<ArrayBuffer>> =>
    source.read(name, { begin, end }, buffers[(begin / size) % 2]);
  for await (const piece of inPieces(bytes, size, read)) yield convert(piece);
}

/** Doubles as floats, which a device without doubles has instead. */
function narrowed(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const doubles = new Float64Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 8);
  return new Uint8Array(Float32Array.from(doubles).buffer);
}
