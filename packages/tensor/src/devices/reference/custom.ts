/** Custom specs: calls the kernel's own reference on arrays of doubles. */
import { finished, siteOf } from '../../kernel/custom-site.ts';
import type { CustomSpec } from '../../kernel/spec.ts';
import { sizeOf } from './indices.ts';
import { boundTo, type Interpreter } from './kernel.ts';

/** Interprets a user's kernel by its reference; outputs start at 0 and are rounded to their dtypes at the end. */
export function interpretCustom(spec: CustomSpec): Interpreter {
  const { inputShapes, outputShapes, definition } = spec;
  const site = siteOf(spec);
  return (elements, scratch) => {
    const inputs = inputShapes.map((shape, position) => {
      const source = boundTo(elements, position);
      return Float64Array.from({ length: sizeOf(shape) }, (_, element) => source.read(element));
    });
    const outputs = outputShapes.map((shape) => new Float64Array(sizeOf(shape)));
    finished(spec.name, definition.reference(site, inputs, outputs, scratch));
    for (const [position, values] of outputs.entries()) {
      const out = boundTo(elements, inputShapes.length + position);
      for (const [element, value] of values.entries()) out.write(element, value);
    }
  };
}
