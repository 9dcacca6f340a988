/** Scatter-add specs: every source element is added to the output element that its index names. */
import { dtypes } from '../../dtype/dtype.ts';
import type { ScatterAddSpec } from '../../kernel/spec.ts';
import { foldOf } from './arithmetic.ts';
import { positionIn } from './indices.ts';
import { boundTo, type Interpreter } from './kernel.ts';

/** Interprets a scatter-add; each output element adds up in doubles and is rounded once. */
export function interpretScatterAdd(spec: ScatterAddSpec): Interpreter {
  const { outer, count, inner, length } = spec;
  const fold = foldOf('sum', dtypes[spec.bindings[spec.out.binding]?.dtype ?? 'f32'].compute);
  return (elements) => {
    const index = boundTo(elements, spec.index.binding);
    const source = boundTo(elements, spec.source.binding);
    const out = boundTo(elements, spec.out.binding);
    for (let o = 0; o < outer; o++)
      for (let i = 0; i < inner; i++) {
        const totals = new Array<number>(length).fill(0);
        for (let c = 0; c < count; c++) {
          const target = index.read(positionIn(spec.index, o, c, i));
          if (target < 0 || target >= length) continue;
          totals[target] = fold.combine(totals[target] ?? 0, source.read(positionIn(spec.source, o, c, i)));
        }
        for (const [target, total] of totals.entries())
          out.write(positionIn(spec.out, o, target, i), fold.finish(total));
      }
  };
}
