/**
 * Four points at a time: where a map walks 32-bit buffers element after element, an invocation takes four neighbouring
 * points and moves each as one vector. Other accesses of the same kernel go on one element at a time.
 */
import type { Access, LoopInstruction, LoopSpec } from '../../../kernel/spec.ts';
import { prod } from '../numbers.ts';
import { bufferName, elementsPerWord, type StorageMode } from '../wgsl/storage.ts';
import { isContiguous } from './packed-stores.ts';

/** Points in a vector. */
export const vectorLength = 4;
/** Smaller maps are better spread over more invocations. */
const smallestMap = 65536;

/** The steps of a map that move vectors; empty if it had better not. */
export function vectorSteps(spec: LoopSpec): ReadonlySet<number> {
  const size = prod(spec.outer);
  const bounded = spec.limits || spec.body.some((step) => step.kind === 'store' && step.displaced);
  if (bounded || size < smallestMap || size % vectorLength !== 0) return new Set();
  const fits = ({ access }: { readonly access: Access }): boolean =>
    elementsPerWord(spec.bindings[access.binding]?.dtype ?? 'f32') === 1 &&
    isContiguous(access, spec.outer, vectorLength);
  const stores = (binding: number): readonly LoopInstruction[] =>
    spec.body.filter((step) => step.kind === 'store' && step.access.binding === binding);
  // A buffer is declared as vectors for all its accesses, and a lone element of a vector cannot be stored.
  const storable = (binding: number): boolean => stores(binding).every((step) => step.kind === 'store' && fits(step));
  const chosen = spec.body.flatMap((step, position) =>
    (step.kind === 'load' || step.kind === 'store') && fits(step) && storable(step.access.binding) ? [position] : [],
  );
  return new Set(chosen);
}

/** The modes of the bindings once the chosen steps move vectors. */
export function vectorModes(spec: LoopSpec, modes: readonly StorageMode[], steps: ReadonlySet<number>): StorageMode[] {
  const bindings = new Set([...steps].map((position) => accessOf(spec, position).binding));
  return modes.map((mode, binding) => (bindings.has(binding) ? 'vector' : mode));
}

function accessOf(spec: LoopSpec, position: number): Access {
  const step = spec.body[position];
  return step?.kind === 'load' || step?.kind === 'store' ? step.access : { binding: -1, offset: 0, strides: [] };
}

/** The vector of a step at the invocation's points, which begin at `first`. */
export function vectorAt(spec: LoopSpec, position: number): string {
  const { binding, offset } = accessOf(spec, position);
  return `${bufferName(binding)}[first / ${vectorLength}u${offset === 0 ? '' : ` + ${offset / vectorLength}u`}]`;
}

/** The name under which a step's vector is kept. */
export function vectorName(position: number): string {
  return `vector${position}`;
}
