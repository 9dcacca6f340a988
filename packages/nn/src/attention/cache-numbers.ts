/** The numbers in which keys and values of attention are kept. */
import { dtypes, ShapeError, stack, type DType, type Tensor } from '@espalier/tensor';
import { aPositiveInteger, check, oneOf, type Rule } from '@espalier/tensor/arguments';

/**
 * As they are, in 16 bits, or in codes: those of one position and head lie evenly from the least of its numbers to the
 * greatest, which are kept beside them in f32. Those of f64 are kept in f32 at most.
 */
export type CacheNumbers = 'f32' | 'f16' | 'int8' | 'int4';

/** All of them. */
export const cacheNumbers: readonly ['f32', 'f16', 'int8', 'int4'] = ['f32', 'f16', 'int8', 'int4'];

/** One of them. */
export const someNumbers: Rule<CacheNumbers> = oneOf(...cacheNumbers);

/** One of the arrays that keep what belongs to a position. */
export interface KeptArray {
  readonly dtype: DType;
  /** Elements for so many numbers. */
  readonly width: (numbers: number) => number;
}

/** How numbers [..., width] of any dtype become arrays [..., own width], and what these mean in f32. */
export interface CacheForm {
  readonly arrays: readonly KeptArray[];
  /** What the width has to be a multiple of. */
  readonly multiple: number;
  readonly write: (numbers: Tensor) => readonly Tensor[];
  readonly read: (arrays: readonly Tensor[]) => Tensor;
}

const same = (numbers: number): number => numbers;
const one = (): number => 1;

/** Codes of one byte, or of half a byte where `perByte` is 2. */
function codes(bits: 4 | 8, perByte: 1 | 2): CacheForm {
  const most = 2 ** bits - 1;
  return {
    arrays: [
      { dtype: 'u8', width: (numbers) => numbers / perByte },
      { dtype: 'f32', width: one },
      { dtype: 'f32', width: one },
    ],
    multiple: perByte,
    // Of halves, since from one end of f32 to the other is further than f32 goes.
    write: (numbers) => {
      const halves = numbers.cast('f32').mul(0.5);
      const least = halves.min(-1, { keepDims: true });
      const step = halves
        .max(-1, { keepDims: true })
        .sub(least)
        .mul(1 / most);
      const places = halves
        .sub(least)
        .div(step.where(step.ne(0), 1))
        .round()
        .clamp(0, most);
      return [(perByte === 1 ? places : inPairs(places)).cast('u8'), least, step];
    },
    read: ([bytes, least, step]) => {
      const places = (bytes as Tensor).cast('f32');
      return (perByte === 1 ? places : apart(places))
        .mul(step as Tensor)
        .add(least as Tensor)
        .mul(2);
    },
  };
}

/** Two codes of four bits as one of eight, the first the lower one. */
function inPairs(places: Tensor): Tensor {
  const pairs = places.reshape([...places.shape.slice(0, -1), (places.shape.at(-1) as number) / 2, 2]);
  const [low, high] = [0, 1].map((at) => pairs.narrow(-1, at, 1).squeeze(-1)) as [Tensor, Tensor];
  return high.mul(16).add(low);
}

function apart(bytes: Tensor): Tensor {
  const high = bytes.mul(1 / 16).floor();
  const both = stack([bytes.sub(high.mul(16)), high], -1);
  return both.reshape([...bytes.shape.slice(0, -1), 2 * (bytes.shape.at(-1) as number)]);
}

const plain = (dtype: 'f32' | 'f16'): CacheForm => ({
  arrays: [{ dtype, width: same }],
  multiple: 1,
  write: (numbers) => [numbers.cast(dtype)],
  read: ([kept]) => (kept as Tensor).cast('f32'),
});

/** What each kind of numbers is. */
export const cacheForms: Readonly<Record<CacheNumbers, CacheForm>> = {
  f32: plain('f32'),
  f16: plain('f16'),
  int8: codes(8, 1),
  int4: codes(4, 2),
};

/**
 * Bytes that `width` keys, or as many values, of one position and head take.
 * @throws {ShapeError} for a width that the numbers cannot be packed in.
 */
export function cacheBytes(numbers: CacheNumbers, width: number): number {
  check('cacheBytes', 'the numbers', numbers, someNumbers);
  check('cacheBytes', 'the width', width, aPositiveInteger);
  checkHeadWidth('cacheBytes', numbers, width);
  return cacheForms[numbers].arrays.reduce((sum, each) => sum + dtypes[each.dtype].bytes * each.width(width), 0);
}

/** @throws {ShapeError} for heads of a width that the numbers cannot be packed in. */
export function checkHeadWidth(operation: string, numbers: CacheNumbers, width: number): void {
  const { multiple } = cacheForms[numbers];
  if (width % multiple !== 0)
    throw new ShapeError(
      operation,
      `heads are ${width} wide, and ${numbers} takes multiples of ${multiple}; keep int8`,
    );
}

/** What numbers are once they were kept, in their own dtype. Gradients go through as if they were not. */
export function asKept(numbers: CacheNumbers, values: Tensor): Tensor {
  if (numbers === 'f32') return values;
  const { write, read } = cacheForms[numbers];
  const plainly = values.detach();
  const kept = read(write(plainly)).cast(values.dtype);
  // A difference of 0, which leaves them what they are.
  return values.requiresGrad ? kept.add(values.sub(plainly)) : kept;
}
