/** Contractions whose result is stored by an epilogue instead. */
import { dtypes } from '../dtype/dtype.ts';
import { contiguousStrides } from '../shape/shape.ts';
import type { Access, Binding, ContractionSpec, LoopInstruction } from './spec.ts';

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
  return withEpilogue(spec, spec.bindings, [
    { kind: 'accumulator', dtype: dtypes[dtype].compute },
    { kind: 'store', access, arg: 0, each: 'row' },
  ]);
}
