/**
 * The domain of an op: from which dtypes, shapes, values and attributes tests draw its inputs. A domain draws through
 * a `Chooser`, so that any property-testing library can drive it and shrink what it chose.
 */
import type { DType, DTypeKind } from '../dtype/dtype.ts';
import type { Shape } from '../shape/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Attributes } from '../graph/op.ts';

/** Where choices come from. Smaller choices are simpler. */
export interface Chooser {
  /** An integer between both bounds, inclusive. */
  integer(low: number, high: number): number;
  boolean(): boolean;
  pick<T>(options: readonly T[]): T;
  /** A dtype of one of the kinds that the device under test supports. */
  dtype(kinds: readonly DTypeKind[]): DType;
  /** A shape of at most `maxRank` dimensions and a moderate number of elements. */
  shape(limits?: {
    readonly minRank?: number;
    readonly maxRank?: number;
    readonly minSize?: number;
    readonly maxSize?: number;
  }): number[];
  /** Two shapes that broadcast together. */
  broadcastable(): readonly [number[], number[]];
}

/** Which values an input takes. */
export type Values =
  /** Anything the dtype holds: NaN, infinities, ±0, denormals and extremes included. */
  | { readonly kind: 'any' }
  /** Finite numbers in a range. */
  | { readonly kind: 'range'; readonly low: number; readonly high: number }
  /** Integers in a range, inclusive. */
  | { readonly kind: 'integers'; readonly low: number; readonly high: number }
  /**
   * Finite and pairwise different by at least `gap` along every axis, for ops that compare elements; `low` or more where
   * it is given, for ops that compare magnitudes, and otherwise on both sides of 0.
   */
  | { readonly kind: 'distinct'; readonly gap: number; readonly low?: number };

/** One input of a case. */
export interface InputCase {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly values: Values;
}

/** One use of an op, short of the values. */
export interface Case {
  readonly inputs: readonly InputCase[];
  readonly attributes: Attributes;
}

/** How far a device may be from the reference. */
export interface Tolerance {
  /** Multiples of the result dtype's epsilon, relative to the reference value. */
  readonly ulps: number;
  /** Added error relative to the sum of magnitudes of what was folded, in epsilons per square root of its length; for contractions and reductions. */
  readonly accumulated?: boolean;
  /** Added error in epsilons of the result dtype, whatever the value; for meanings that cancel. */
  readonly absolute?: number;
}

/** An entry of the public op table. */
export interface OpEntry {
  /** The name of the tensor method or function. */
  readonly name: string;
  readonly family: 'elementwise' | 'reduction' | 'movement' | 'contraction' | 'indexing' | 'random' | 'composite';
  /** One sentence for the documentation. */
  readonly summary: string;
  readonly run: (inputs: readonly Tensor[], attributes: Attributes) => Tensor | readonly Tensor[];
  /** Draws a case on which the op is defined. */
  readonly domain: (choose: Chooser) => Case;
  /** Draws a case on which the gradient is defined and smooth enough for finite differences; absent: no gradient. */
  readonly smooth?: (choose: Chooser) => Case;
  /** Default: 4 ulps. 0 means bit for bit. */
  readonly tolerance?: Tolerance;
}
