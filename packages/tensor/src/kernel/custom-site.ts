/** What implementations of a user's kernel are told of a call. */
import type { KernelSite } from './definition.ts';
import type { Binding, CustomSpec } from './spec.ts';

/** The site of a spec. */
export function siteOf({ bindings, inputShapes, outputShapes, attributes }: CustomSpec): KernelSite {
  const described = [...inputShapes, ...outputShapes].map((shape, position) => ({
    shape,
    dtype: (bindings[position] as Binding).dtype,
  }));
  return {
    inputs: described.slice(0, inputShapes.length),
    outputs: described.slice(inputShapes.length),
    attributes,
  };
}
