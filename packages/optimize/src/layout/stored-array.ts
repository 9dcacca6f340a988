/** Typed arrays as a file holds them. */
import { FormatError, type RawTensor } from '@espalier/nn';
import type { Shape } from '@espalier/tensor';

interface Arrays {
  readonly f32: Float32Array<ArrayBuffer>;
  readonly i8: Int8Array<ArrayBuffer>;
  readonly u8: Uint8Array<ArrayBuffer>;
  readonly u32: Uint32Array<ArrayBuffer>;
}

/** The dtypes that encoded weights are made of. */
export type StoredDType = keyof Arrays;

/** The typed array of a stored dtype. */
export type ArrayOf<T extends StoredDType> = Arrays[T];

const constructors = { f32: Float32Array, i8: Int8Array, u8: Uint8Array, u32: Uint32Array } as const;

const dtypes = Object.keys(constructors) as StoredDType[];

/** A typed array for storing. */
export function store(values: ArrayOf<StoredDType>, shape: Shape = [values.length]): RawTensor {
  const dtype = dtypes.find((each) => values instanceof constructors[each]) as StoredDType;
  return { dtype, shape, bytes: new Uint8Array(values.buffer, values.byteOffset, values.byteLength) };
}

/**
 * The numbers of a stored array, which must be of one of the dtypes.
 * @throws {FormatError} naming the array, otherwise.
 */
export function unstore<T extends StoredDType>(
  name: string,
  array: RawTensor | undefined,
  ...allowed: readonly T[]
): ArrayOf<T> {
  if (!array) throw new FormatError(name, 0, 'the array is missing');
  const found = allowed.find((each) => each === array.dtype);
  if (!found) throw new FormatError(name, 0, `the array is ${array.dtype}; it must be ${allowed.join(' or ')}`);
  // A copy, because a typed array must start at a multiple of its element size.
  return new constructors[found](new Uint8Array(array.bytes).buffer) as ArrayOf<StoredDType> as ArrayOf<T>;
}
