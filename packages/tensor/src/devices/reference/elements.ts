/** A bound buffer range as a list of numbers: what every kernel of the reference device reads and writes. */
import { dtypes, type DType } from '../../dtype/dtype.ts';
import { InternalError } from '../../errors.ts';

/** Random access to decoded elements. Touching an element outside the range is a planner's bug, so it throws. */
export interface Elements {
  readonly length: number;
  read(position: number): number;
  write(position: number, value: number): void;
}

/** Views `byteLength` bytes of `buffer` as elements of `dtype`. */
export function elementsOf(dtype: DType, buffer: ArrayBuffer, byteOffset: number, byteLength: number): Elements {
  const { view, bytes, decode, encode } = dtypes[dtype];
  const length = Math.floor(byteLength / bytes);
  const raw = view(buffer, byteOffset, length);
  return {
    length,
    read(position) {
      const element = raw[position];
      if (element === undefined) throw outside('read', position, length);
      return decode(element);
    },
    write(position, value) {
      if (!(position >= 0 && position < length)) throw outside('write', position, length);
      raw[position] = encode(value);
    },
  };
}

function outside(action: string, position: number, length: number): InternalError {
  return new InternalError(
    'reference',
    `${action} of element ${position} of a range of ${length}: the kernel spec reaches outside its binding`,
  );
}
