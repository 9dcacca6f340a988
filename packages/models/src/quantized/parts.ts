/** Reads the tensors that make up a quantized weight, each checked against the others. */
import { FormatError } from '@espalier/nn';
import { showName } from '@espalier/nn/arguments';
import { showShape } from '@espalier/tensor/arguments';
import { fileDType, type FileDType } from '../tensors/dtypes.ts';
import { readerOf } from '../tensors/floats.ts';
import { entryOf } from '../tensors/read-tensor.ts';
import type { TensorSource } from '../tensors/tensor-source.ts';

/** A quantized weight of a file. */
export interface QuantizedLayer {
  /** The name of the dense weight: `model.layers.0.mlp.up_proj.weight`. */
  readonly name: string;
  readonly shape: readonly number[];
  /** The tensors of the file that it is made of. */
  readonly parts: readonly string[];
  /** Its values, row by row. */
  readonly decode: () => Promise<Float32Array<ArrayBuffer>>;
}

/**
 * Refuses a file.
 * @throws {FormatError} naming a tensor of it.
 */
export function refusePart(source: TensorSource, name: string, problem: string): never {
  throw new FormatError(source.name, 0, `${showName(name)} ${problem}`);
}

function checked(source: TensorSource, name: string, dtypes: readonly string[], shape: readonly number[]): void {
  const entry = entryOf(source, name);
  if (!dtypes.includes(entry.dtype) || entry.shape.join() !== shape.join())
    refusePart(
      source,
      name,
      `is ${entry.dtype} ${showShape(entry.shape)}; beside the other parts of its weight it must be ${dtypes.join(' or ')} ${showShape(shape)}`,
    );
}

/** The words of an I32 tensor of a shape. */
export async function wordsOf(source: TensorSource, name: string, shape: readonly number[]): Promise<Int32Array> {
  checked(source, name, ['I32'], shape);
  const bytes = await source.read(name);
  return new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
}

/** The bytes of a tensor of one of some dtypes and of a shape. */
export async function bytesOfPart(
  source: TensorSource,
  name: string,
  dtypes: readonly string[],
  shape: readonly number[],
): Promise<Uint8Array<ArrayBuffer>> {
  checked(source, name, dtypes, shape);
  return source.read(name);
}

const floats = ['F32', 'F16', 'BF16'];

/** The values of a tensor of floats of a shape. */
export async function floatsOf(source: TensorSource, name: string, shape: readonly number[]): Promise<Float32Array> {
  checked(source, name, floats, shape);
  const kind = fileDType(entryOf(source, name).dtype) as FileDType;
  return readerOf(kind, { source: source.name, name })(await source.read(name));
}

/** A matrix turned round. */
export function transposed<T extends Float32Array | Uint8Array>(values: T, rows: number, columns: number): T {
  const turned = values.slice() as T;
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      turned[column * rows + row] = values[row * columns + column] as number;
  return turned;
}
