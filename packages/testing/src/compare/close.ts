/** Closeness of tensors, for assertions in tests of any framework. */
import { Tensor, type DType, type Shape } from '@espalier/tensor';
import { TensorSample } from '../arbitraries/tensor.ts';
import { MismatchError } from '../errors.ts';
import { defaultBounds } from './bounds.ts';
import { compareValues, describeDifference } from './compare.ts';

/** What can be compared: a tensor on any device, a sample, a flat list of numbers, or nested numbers. */
export type Comparable = Tensor | TensorSample | ArrayLike<number> | Nested;

/** Numbers nested to any depth. */
export type Nested = number | boolean | readonly Nested[];

/** How close is close. */
export interface CloseOptions {
  /** Default: by the dtype of whichever side has one (the coarser, if both do), else as f32. */
  readonly absolute?: number;
  readonly relative?: number;
  /** Whether -0 and +0 count as different. Default false. */
  readonly signedZeros?: boolean;
}

/** True if `expectClose` would not throw. */
export async function allclose(actual: Comparable, expected: Comparable, options: CloseOptions = {}): Promise<boolean> {
  return (await findDifference(actual, expected, options)) === undefined;
}

/**
 * NaN equals NaN; infinities equal themselves.
 * @throws {MismatchError} that shows the first and the worst element if any differ by more than `absolute + relative ·
 * |expected|`, or if the shapes differ.
 */
export async function expectClose(actual: Comparable, expected: Comparable, options: CloseOptions = {}): Promise<void> {
  const difference = await findDifference(actual, expected, options);
  if (difference !== undefined) throw new MismatchError(`expectClose: ${difference}`);
}

async function findDifference(
  actual: Comparable,
  expected: Comparable,
  options: CloseOptions,
): Promise<string | undefined> {
  const [a, b] = [await flatten(actual), await flatten(expected)];
  if (a.shape && b.shape && a.shape.join() !== b.shape.join())
    return `actual has shape [${a.shape.join(', ')}], expected [${b.shape.join(', ')}]`;
  if (a.values.length !== b.values.length) return `actual has ${a.values.length} elements, expected ${b.values.length}`;
  const bound = defaultBounds[coarser(a.dtype, b.dtype)];
  const difference = compareValues(a.values, b.values, { ...bound, ...options });
  return difference && describeDifference(difference, b.shape ?? a.shape ?? [b.values.length]);
}

interface Flat {
  readonly values: ArrayLike<number>;
  readonly shape?: Shape;
  readonly dtype?: DType;
}

async function flatten(value: Comparable): Promise<Flat> {
  if (value instanceof Tensor) return { values: await value.data(), shape: value.shape, dtype: value.dtype };
  if (value instanceof TensorSample) return value;
  if (typeof value === 'number' || typeof value === 'boolean') return { values: [Number(value)], shape: [] };
  if (!Array.isArray(value)) return { values: value as ArrayLike<number> };
  const { values, shape } = flattenNested(value as readonly Nested[]);
  return shape.length > 1 ? { values, shape } : { values };
}

function flattenNested(value: Nested): { values: number[]; shape: number[] } {
  if (typeof value === 'number' || typeof value === 'boolean') return { values: [Number(value)], shape: [] };
  const parts = value.map(flattenNested);
  return { values: parts.flatMap(({ values }) => values), shape: [value.length, ...(parts[0]?.shape ?? [])] };
}

function coarser(a: DType | undefined, b: DType | undefined): DType {
  if (a === undefined || b === undefined) return a ?? b ?? 'f32';
  return defaultBounds[a].relative >= defaultBounds[b].relative ? a : b;
}
