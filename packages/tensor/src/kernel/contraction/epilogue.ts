/** What is done with the finished elements of a contraction: stored, or handed to an epilogue, which stores them. */
import { dtypes } from '../../dtype/dtype.ts';
import { contiguousStrides } from '../../shape/shape.ts';
import { renumbered, restrided } from '../loop-steps.ts';
import type { Access, Binding, ContractionSpec, LoopInstruction } from '../spec.ts';

/** Whether a contraction has a form with an epilogue: of convolutions, the forward pass. */
export function takesEpilogue(spec: ContractionSpec): boolean {
  return spec.kind !== 'conv2d' || spec.pass === 'forward';
}

/** The same contraction with an epilogue, which stores its elements, over bindings that begin with its operands. */
export function withEpilogue(
  spec: ContractionSpec,
  bindings: readonly Binding[],
  epilogue: readonly LoopInstruction[],
): ContractionSpec {
  if (spec.kind === 'conv2d') {
    const { y: _, ...rest } = spec;
    return { ...rest, bindings, epilogue };
  }
  const { out: _, ...rest } = spec;
  return { ...rest, bindings, epilogue };
}

/** The same contraction, its result of a shape stored by the least of epilogues: whether a device takes any can be asked with it. */
export function withPlainEpilogue(spec: ContractionSpec, shape: readonly number[]): ContractionSpec {
  const { dtype } = spec.bindings.at(-1) as Binding;
  const access: Access = { binding: spec.bindings.length - 1, offset: 0, strides: contiguousStrides(shape) };
  return withEpilogue(spec, spec.bindings, plainStore(spec.bindings, access, dtypes[dtype].compute));
}

/** The steps that take the finished element of a product: its epilogue, or a plain store into `out`. */
export function finishing({
  bindings,
  epilogue,
  out,
}: {
  readonly bindings: readonly Binding[];
  readonly epilogue?: readonly LoopInstruction[] | undefined;
  readonly out?: Access | undefined;
}): readonly LoopInstruction[] {
  return epilogue ?? plainStore(bindings, out as Access);
}

function plainStore(
  bindings: readonly Binding[],
  access: Access,
  dtype = dtypes[(bindings[access.binding] as Binding).dtype].compute,
): LoopInstruction[] {
  return [
    { kind: 'accumulator', dtype },
    { kind: 'store', access, arg: 0, each: 'row' },
  ];
}

/**
 * The steps of an epilogue in a loop that sums: behind `before` steps, the last of which is the sum. `strides` are those
 * over the dimensions of the loop, of which the inner ones move no step of an epilogue.
 */
export function afterSum(
  epilogue: readonly LoopInstruction[],
  before: number,
  strides: (own: readonly number[]) => readonly number[],
): LoopInstruction[] {
  return epilogue.map((step): LoopInstruction => {
    if (step.kind === 'accumulator') return { kind: 'scalar', op: 'cast', args: [before - 1], dtype: step.dtype };
    const moved = renumbered(restrided(step, strides), (position) => position + before);
    return moved.kind === 'store' ? { ...moved, each: 'row' } : moved;
  });
}
