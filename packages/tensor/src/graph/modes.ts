/**
 * What is going on around the op being recorded: whether gradients are tracked, whether a step is being traced, and
 * which scope owns new tensors.
 */
import type { Node } from './node.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** A function that runs on placeholders: a step being recorded by `compile`, or a dry run. */
export interface Trace {
  readonly operation: string;
  /** What values are read inside of, in words. */
  readonly place: string;
  /** Whether nothing is ever computed of it: a dry run. */
  readonly isDry: boolean;
  /** Called before a tensor made outside the step is given a new value inside. */
  readonly assign: (tensor: Tensor) => void;
  /** A value that is drawn anew at each replay: the state of a random generator. */
  readonly dynamic: (node: Node, next: () => Uint8Array) => void;
  /** A value whose elements are indices: an argument of the step is checked at each call. */
  readonly bound: (node: Node, bounds: IndexBounds) => void;
  /** Scalars that together must not be too much: those that are arguments of the step are looked at at each call. */
  readonly sum: (terms: readonly Node[], limit: SumLimit) => void;
}

/** What scalars may add up to. */
export interface SumLimit {
  readonly most: number;
  /** The error of scalars that add up to more. */
  readonly wrong: (...values: readonly number[]) => Error;
}

/** Indices of an operation: from 0 to below `size`, or `ignored`. */
export interface IndexBounds {
  readonly operation: string;
  readonly size: number;
  readonly ignored?: number | undefined;
  /** The error of an index that lies outside, where it is more than an index. Default: a ShapeError. */
  readonly wrong?: (value: number, position: number) => Error;
}

/** A region that disposes what was created in it. */
export interface Scope {
  readonly created: Set<Tensor>;
}

/** Called when an op reads a tensor. */
export type TouchListener = (tensor: Tensor) => void;

/** Gives the key of a random draw, by drawing it or from those drawn before. */
export type DrawKeys = (draw: () => Node) => Node;

/** The current modes; changed only through `withMode`. */
export const modes: {
  gradients: boolean;
  trace: Trace | undefined;
  scope: Scope | undefined;
  touched: TouchListener | undefined;
  keys: DrawKeys | undefined;
} = {
  gradients: true,
  trace: undefined,
  scope: undefined,
  touched: undefined,
  keys: undefined,
};

/** Runs `body` with some modes changed, and restores them whatever happens. */
export function withMode<T>(change: Partial<typeof modes>, body: () => T): T {
  const saved = { ...modes };
  Object.assign(modes, change);
  try {
    return body();
  } finally {
    Object.assign(modes, saved);
  }
}
