/** Scan specs: a running fold along the middle dimension. */
import { dtypes } from '../../dtype/dtype.ts';
import type { ScanSpec } from '../../kernel/spec.ts';
import { foldOf } from './arithmetic.ts';
import { boundTo, type Interpreter } from './kernel.ts';

/** Interprets an inclusive scan; the running value stays in doubles, each output is rounded from it. */
export function interpretScan(spec: ScanSpec): Interpreter {
  const { outer, length, inner } = spec;
  const fold = foldOf(spec.op, dtypes[spec.bindings[1]?.dtype ?? 'f32'].compute);
  return (elements) => {
    const source = boundTo(elements, 0);
    const out = boundTo(elements, 1);
    for (let o = 0; o < outer; o++)
      for (let i = 0; i < inner; i++) {
        let running = fold.identity;
        for (let step = 0; step < length; step++) {
          const position = (o * length + step) * inner + i;
          running = fold.combine(running, source.read(position));
          out.write(position, fold.finish(running));
        }
      }
  };
}
