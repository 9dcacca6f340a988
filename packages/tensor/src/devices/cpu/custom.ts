/** Kernels given by users. */
import { dtypes, type DType, type TypedArray } from '../../dtype/dtype.ts';
import type { KernelSite } from '../../kernel/definition.ts';
import type { CustomSpec } from '../../kernel/spec.ts';
import type { Engine, Program } from './engine.ts';

/** The program of a user's kernel: its cpu implementation on views of memory, else its reference on doubles. */
export function customProgram(spec: CustomSpec, engine: Engine): Program {
  const dtypeAt = (binding: number): DType => spec.bindings[binding]?.dtype ?? 'f32';
  const shapes = [...spec.inputShapes, ...spec.outputShapes];
  const described = shapes.map((shape, i) => ({ shape, dtype: dtypeAt(i) }));
  const inputCount = spec.inputShapes.length;
  const site: KernelSite = {
    inputs: described.slice(0, inputCount),
    outputs: described.slice(inputCount),
    attributes: spec.attributes,
  };
  const sizes = shapes.map((shape) => shape.reduce((product, size) => product * size, 1));
  const views = (): TypedArray[] => sizes.map((size, i) => engine.memory.view(dtypeAt(i), engine.address(i), size));
  const { cpu, reference } = spec.definition;
  if (cpu) {
    return () => {
      const arrays = views();
      cpu(site, arrays.slice(0, inputCount), arrays.slice(inputCount));
    };
  }
  return () => {
    const arrays = views();
    const doubles = arrays.map((array, i) =>
      i < inputCount ? Float64Array.from(array, dtypes[dtypeAt(i)].decode) : new Float64Array(array.length),
    );
    reference(site, doubles.slice(0, inputCount), doubles.slice(inputCount));
    for (const [i, array] of arrays.entries()) {
      if (i < inputCount) continue;
      const { encode } = dtypes[dtypeAt(i)];
      (doubles[i] as Float64Array).forEach((value, at) => (array[at] = encode(value)));
    }
  };
}
