/** Kernels given by users. */
import { dtypes, type TypedArray } from '../../dtype/dtype.ts';
import { siteOf } from '../../kernel/custom-site.ts';
import type { CustomSpec } from '../../kernel/spec.ts';
import { sizeOf } from '../../shape/shape.ts';
import type { Engine, Program } from './engine.ts';

/** Whether there is nothing faster: the reference runs unless the kernel decomposes. */
export function acceptsCustom({ definition, decomposes }: CustomSpec): boolean {
  return definition.cpu !== undefined || !decomposes;
}

/** The program of a user's kernel: its cpu implementation on views of memory, else its reference on doubles. */
export function customProgram(spec: CustomSpec, engine: Engine): Program {
  const site = siteOf(spec);
  const operands = [...site.inputs, ...site.outputs].map(({ dtype, shape }) => ({ dtype, size: sizeOf(shape) }));
  const inputCount = site.inputs.length;
  const views = (): TypedArray[] =>
    operands.map(({ dtype, size }, i) => engine.memory.view(dtype, engine.address(i), size));
  const scratch = (): Uint8Array[] =>
    (spec.scratch ?? []).map((bytes, piece) => {
      const address = engine.address(operands.length + piece);
      return engine.memory.bytes.subarray(address, address + bytes);
    });
  const { cpu, reference } = spec.definition;
  if (cpu) {
    return () => {
      const arrays = views();
      cpu(site, arrays.slice(0, inputCount), arrays.slice(inputCount), scratch());
    };
  }
  return () => {
    const arrays = views();
    const infos = operands.map(({ dtype }) => dtypes[dtype]);
    const doubles = arrays.map((array, i) =>
      i < inputCount ? Float64Array.from(array, infos[i]?.decode) : new Float64Array(array.length),
    );
    reference(site, doubles.slice(0, inputCount), doubles.slice(inputCount), scratch());
    for (const [i, array] of arrays.entries()) {
      if (i < inputCount) continue;
      const { encode } = infos[i] as (typeof infos)[number];
      (doubles[i] as Float64Array).forEach((value, at) => (array[at] = encode(value)));
    }
  };
}
