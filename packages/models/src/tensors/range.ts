/** A part of the bytes of a tensor, as a caller asks for it. */
import { showName } from '@espalier/nn/arguments';
import { ArgumentError } from '@espalier/tensor';
import { show } from '@espalier/tensor/arguments';

/** From a byte to before another. */
export interface ByteRange {
  readonly begin: number;
  readonly end: number;
}

/**
 * The range that is asked for, or all.
 * @throws {ArgumentError} for one that does not lie within the tensor.
 */
export function rangeWithin(name: string, bytes: number, range: ByteRange | undefined): ByteRange {
  if (!range) return { begin: 0, end: bytes };
  const { begin, end } = range;
  if (Number.isSafeInteger(begin) && Number.isSafeInteger(end) && begin >= 0 && begin <= end && end <= bytes)
    return range;
  throw new ArgumentError(
    'read',
    `${showName(name)} has the bytes 0 to ${bytes}, not ${show(begin)} to ${show(end)}; give a range within`,
  );
}
