/** What a recorded step looks at before each call: values that are known by then, and what is about to be assigned to. */
import type { IndexBounds, SumLimit } from '../graph/modes.ts';
import { checkAssignable } from '../runtime/fixed-values.ts';
import { checkIndexNode, checkNumbers, knownScalar } from '../runtime/index-checks.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** Where a tensor is found at each call. */
export type TensorSource =
  | { readonly kind: 'argument'; readonly index: number }
  /** A tensor of the surroundings, read (and perhaps updated) at each call. */
  | { readonly kind: 'variable'; readonly tensor: Tensor };

/** The tensor of a call. */
export function tensorOf(source: TensorSource, tensors: readonly Tensor[]): Tensor {
  return source.kind === 'argument' ? (tensors[source.index] as Tensor) : source.tensor;
}

/** A tensor whose elements are indices. */
export interface IndexCheck {
  readonly source: TensorSource;
  readonly bounds: IndexBounds;
}

/** Numbers and scalars that must not add up to too much. */
export interface SumCheck extends SumLimit {
  readonly terms: readonly (number | TensorSource)[];
}

/** All of them. */
export interface StepChecks {
  readonly indices: readonly IndexCheck[];
  readonly sums: readonly SumCheck[];
  /** What gets new values. */
  readonly assigned: readonly TensorSource[];
}

/**
 * Looks at the tensors of a call. What the step captured without needing it may be gone.
 * @throws {ShapeError | ArgumentError} for an index, a length or a position outside, and for an argument that keeps its value.
 */
export function checkCall({ indices, sums, assigned }: StepChecks, tensors: readonly Tensor[]): void {
  // By positions: a replay makes nothing in JavaScript but what it returns.
  for (let at = 0; at < assigned.length; at++) {
    const source = assigned[at] as TensorSource;
    if (source.kind === 'argument') checkAssignable(tensorOf(source, tensors));
  }
  for (let at = 0; at < indices.length; at++) {
    const { source, bounds } = indices[at] as IndexCheck;
    const { boundNode } = tensorOf(source, tensors);
    if (boundNode) checkIndexNode(boundNode, bounds);
  }
  for (let at = 0; at < sums.length; at++) checkTerms(sums[at] as SumCheck, tensors);
}

/** Looks at a sum whose terms are all known at this call. */
function checkTerms(sum: SumCheck, tensors: readonly Tensor[]): void {
  const values: number[] = [];
  for (const term of sum.terms) {
    const node = typeof term === 'number' ? undefined : tensorOf(term, tensors).boundNode;
    const value = typeof term === 'number' ? term : node && knownScalar(node);
    if (value === undefined) return;
    values.push(value);
  }
  checkNumbers(values, sum);
}
