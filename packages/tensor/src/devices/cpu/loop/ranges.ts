/**
 * Maps that ask where they are, as a padding does, or the gradient of slices: cut where the answers change, so that each piece
 * computes what is wanted there and nothing else, and what was found element by element lies side by side.
 */
import type { LoopInstruction, LoopSpec } from '../../../kernel/spec.ts';
import { sizeOf } from '../../../shape/shape.ts';
import { partOf } from './part-of.ts';
import { answered } from './whereabouts.ts';

/** A map of fewer elements is over before its pieces are compiled. */
const leastSize = 2 ** 14;
/** More pieces are no longer worth it. */
const mostPieces = 9;

/** The same map as several, one after the other; only itself where nothing depends on where it is. */
export function byRanges(spec: LoopSpec): readonly LoopSpec[] {
  const has = (kind: LoopInstruction['kind']): boolean => spec.body.some((step) => step.kind === kind);
  if (spec.inner.length > 0 || spec.limits || !has('index') || !has('gather')) return [spec];
  if (sizeOf(spec.outer) < leastSize) return [spec];
  const pieces: LoopSpec[] = [];
  const left = [spec];
  for (let next = left.pop(); next; next = left.pop()) {
    const { spec: simple, change } = answered(next);
    if (change === undefined) pieces.push(simple);
    else {
      const { dim, at } = change;
      left.push(partOf(simple, dim, at, (simple.outer[dim] as number) - at), partOf(simple, dim, 0, at));
    }
    if (pieces.length + left.length > mostPieces) return [spec];
  }
  return pieces;
}
