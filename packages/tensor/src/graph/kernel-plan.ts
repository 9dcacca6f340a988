/** How an op with kernels of its own turns into device work. */
import type { Node } from './node.ts';
import type { KernelSpec, Limit } from '../kernel/spec.ts';
import type { Layout } from '../shape/layout.ts';
import type { ResultType } from './op.ts';

/** What a binding of a step refers to: an input or output of the op. */
export type KernelOperand = { readonly input: number } | { readonly output: number };

/** One kernel of an op, with what its bindings refer to in order. */
export interface KernelStep {
  readonly spec: KernelSpec;
  readonly operands: readonly KernelOperand[];
  /** Left out where the op updates its first input in place. */
  readonly copies?: true;
}

/** The limits of the space of a node with `arity` inputs and then lengths, which are bound from `binding` on. */
export function limitsOf(node: Node, arity: number, lengths: readonly Layout[], binding: number): Limit[] {
  const places = (node.attributes['lengths'] ?? []) as readonly (number | null)[];
  return places.flatMap((input, dim) =>
    input === null ? [] : { dim, binding: binding + input - arity, offset: (lengths[input - arity] as Layout).offset },
  );
}

/** The results of a kernel op, and its kernels once the layouts of its inputs are known. */
export interface KernelPlan {
  readonly outputs: readonly ResultType[];
  readonly steps: (inputs: readonly Layout[]) => readonly KernelStep[];
}
