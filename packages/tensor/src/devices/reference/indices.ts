/** Walking index spaces, and finding elements in them. */
import type { Access, Limit } from '../../kernel/spec.ts';
import type { Elements } from './elements.ts';
import { boundTo } from './kernel.ts';

/** Number of indices in a space of these sizes; 1 for no dimensions. */
export function sizeOf(sizes: readonly number[]): number {
  return sizes.reduce((product, size) => product * size, 1);
}

/**
 * Calls `visit` once for every index of `sizes`, last dimension fastest, writing the index into
 * `index[start], index[start + 1] …` first. The written dimensions are 0 again afterwards.
 */
export function forEachIndex(sizes: readonly number[], index: number[], start: number, visit: () => void): void {
  const count = sizeOf(sizes);
  index.fill(0, start, start + sizes.length);
  for (let step = 0; step < count; step++) {
    visit();
    for (let dimension = sizes.length - 1; dimension >= 0; dimension--) {
      const next = (index[start + dimension] ?? 0) + 1;
      const wraps = next === sizes[dimension];
      index[start + dimension] = wraps ? 0 : next;
      if (!wraps) break;
    }
  }
}

/** Sizes as far as limits go, which are read now. */
export function sizesAt(
  sizes: readonly number[],
  elements: readonly Elements[],
  limits: readonly Limit[] = [],
): number[] {
  const result = [...sizes];
  for (const { dim, binding, offset } of limits)
    result[dim] = Math.max(0, Math.min(boundTo(elements, binding).read(offset), sizes[dim] as number));
  return result;
}

/** `offset + Σ index[d] · strides[d]` of the index that `index` holds at the time of the call. */
export function affine(offset: number, strides: readonly number[], index: readonly number[]): () => number {
  const moving = [...strides.entries()].filter(([, stride]) => stride !== 0);
  const dimensions = moving.map(([dimension]) => dimension);
  const steps = moving.map(([, stride]) => stride);
  return () => {
    let position = offset;
    for (let term = 0; term < dimensions.length; term++)
      position += (index[dimensions[term] ?? 0] ?? 0) * (steps[term] ?? 0);
    return position;
  };
}

/** The element of `access` at the index given as arguments. */
export function positionIn(access: Access, ...index: readonly number[]): number {
  let position = access.offset;
  for (let dimension = 0; dimension < index.length; dimension++)
    position += (index[dimension] ?? 0) * (access.strides[dimension] ?? 0);
  return position;
}
