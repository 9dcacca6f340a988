/** Kernels given by users. */
import { dtypes, type TypedArray } from '../../dtype/dtype.ts';
import { finished, siteOf } from '../../kernel/custom-site.ts';
import type { CustomSpec } from '../../kernel/spec.ts';
import { sizeOf } from '../../shape/shape.ts';
import type { Calls, Engine } from './engine.ts';
import { procedureCalls } from './procedure-calls.ts';
import type { Procedure } from './program/procedures.ts';
import type { Runner } from './program/runner.ts';

/** Whether there is nothing faster: the reference runs unless the kernel decomposes. */
export function acceptsCustom({ definition, decomposes }: CustomSpec): boolean {
  return definition.cpu !== undefined || !decomposes;
}

/** The calls of a user's kernel. */
export function customCalls(spec: CustomSpec, engine: Engine): Calls {
  const bindings = [...spec.bindings, ...(spec.scratch ?? [])].map((_, binding) => binding);
  return procedureCalls(engine, 'custom', spec, 1, bindings);
}

/** A user's kernel: its cpu implementation on views of memory, else its reference on doubles. */
export function custom({ memory }: Runner, spec: CustomSpec): Procedure {
  const site = siteOf(spec);
  const operands = [...site.inputs, ...site.outputs].map(({ dtype, shape }) => ({ dtype, size: sizeOf(shape) }));
  const inputCount = site.inputs.length;
  const views = (addresses: readonly number[]): TypedArray[] =>
    operands.map(({ dtype, size }, i) => {
      const { buffer } = memory.memory;
      return dtypes[dtype].view(buffer, (addresses[i] as number) >>> 0, size);
    });
  const scratch = (addresses: readonly number[]): Uint8Array[] =>
    (spec.scratch ?? []).map((bytes, piece) => {
      const address = (addresses[operands.length + piece] as number) >>> 0;
      return memory.bytes.subarray(address, address + bytes);
    });
  const { cpu, reference } = spec.definition;
  if (cpu) {
    return (_begin, _end, ...addresses) => {
      const arrays = views(addresses);
      finished(spec.name, cpu(site, arrays.slice(0, inputCount), arrays.slice(inputCount), scratch(addresses)));
    };
  }
  return (_begin, _end, ...addresses) => {
    const arrays = views(addresses);
    const infos = operands.map(({ dtype }) => dtypes[dtype]);
    const doubles = arrays.map((array, i) =>
      i < inputCount ? Float64Array.from(array, infos[i]?.decode) : new Float64Array(array.length),
    );
    finished(spec.name, reference(site, doubles.slice(0, inputCount), doubles.slice(inputCount), scratch(addresses)));
    for (const [i, array] of arrays.entries()) {
      if (i < inputCount) continue;
      const { encode } = infos[i] as (typeof infos)[number];
      (doubles[i] as Float64Array).forEach((value, at) => (array[at] = encode(value)));
    }
  };
}
