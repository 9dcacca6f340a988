/** What is to be written: tensors of the engine, and tensors of an open file as they are. */
import { dtypes, type Tensor } from '@espalier/tensor';
import { aTensor, aWholeTensor, check } from '@espalier/tensor/arguments';
import { nameOfDType } from './dtypes.ts';
import { inPieces } from './pieces.ts';
import { entryOf } from './read-tensor.ts';
import type { TensorSource, WrittenTensor } from './tensor-source.ts';

/** Bytes of a piece that is carried from file to file. */
const pieceBytes = 2 ** 22;

/** A tensor, whose values are read from its device when it is their turn. */
export function writtenTensor(tensor: Tensor): WrittenTensor {
  check('writtenTensor', 'tensor', tensor, aTensor);
  check('writtenTensor', 'tensor', tensor, aWholeTensor);
  const { dtype, shape } = tensor;
  return {
    dtype: nameOfDType(dtype),
    shape,
    bytes: tensor.size * dtypes[dtype].bytes,
    values: async function* values() {
      yield await tensor.bytes();
    },
  };
}

/**
 * A tensor of an open file, carried in its own dtype a piece at a time.
 * @throws {FormatError} where the file has none of the name.
 */
export function carriedTensor(source: TensorSource, name: string): WrittenTensor {
  const { dtype, shape, bytes } = entryOf(source, name);
  return {
    dtype,
    shape,
    bytes,
    values: () => inPieces(bytes, pieceBytes, (begin, end) => source.read(name, { begin, end })),
  };
}
