/** Custom specs: calls the kernel's own reference on arrays of doubles. */
import type { KernelSite } from '../../kernel/definition.ts';
import type { Binding, CustomSpec } from '../../kernel/spec.ts';
import { sizeOf } from './indices.ts';
import { boundTo, type Interpreter } from './kernel.ts';

/** Interprets a user's kernel by its reference; outputs start at 0 and are rounded to their dtypes at the end. */
export function interpretCustom(spec: CustomSpec): Interpreter {
  const { inputShapes, outputShapes, attributes, definition } = spec;
  const site: KernelSite = {
    inputs: inputShapes.map((shape, position) => ({ shape, dtype: dtypeOf(spec.bindings, position) })),
    outputs: outputShapes.map((shape, position) => ({
      shape,
      dtype: dtypeOf(spec.bindings, inputShapes.length + position),
    })),
    attributes,
  };
  return (elements) => {
    const inputs = inputShapes.map((shape, position) => {
      const source = boundTo(elements, position);
      return Float64Array.from({ length: sizeOf(shape) }, (_, element) => source.read(element));
    });
    const outputs = outputShapes.map((shape) => new Float64Array(sizeOf(shape)));
    definition.reference(site, inputs, outputs);
    for (const [position, values] of outputs.entries()) {
      const out = boundTo(elements, inputShapes.length + position);
      for (const [element, value] of values.entries()) out.write(element, value);
    }
  };
}

function dtypeOf(bindings: readonly Binding[], position: number): Binding['dtype'] {
  return bindings[position]?.dtype ?? 'f32';
}
