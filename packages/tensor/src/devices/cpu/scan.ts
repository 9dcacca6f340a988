/** Running folds. */
import { dtypes } from '../../dtype/dtype.ts';
import { scalarInstructions } from '../../scalar/instructions.ts';
import type { Binding, ScanSpec } from '../../kernel/spec.ts';
import type { Engine, Program } from './engine.ts';
import { identityOf, joining } from './loop/reductions.ts';

/**
 * The program of a scan. Float sums and products run in doubles and are rounded once an element, so a long scan
 * loses no more than each element's own rounding.
 */
export function scanProgram(spec: ScanSpec, engine: Engine): Program {
  const [input, output] = spec.bindings as readonly [Binding, Binding];
  const source = dtypes[input.dtype];
  const target = dtypes[output.dtype];
  const { evaluate } = scalarInstructions[joining(spec.op, target.compute)];
  const { outer, length, inner } = spec;
  const size = outer * length * inner;
  const join = (a: number, b: number): number => evaluate(target.compute, a, b, 0);
  return () => {
    const from = engine.memory.view(input.dtype, engine.address(0), size);
    const to = engine.memory.view(output.dtype, engine.address(1), size);
    for (let o = 0; o < outer; o++) {
      for (let i = 0; i < inner; i++) {
        const start = o * length * inner + i;
        let running = identityOf(spec.op, target.compute);
        for (let position = 0; position < length; position++) {
          const at = start + position * inner;
          running = join(running, source.decode(from[at] as number));
          to[at] = target.encode(running);
        }
      }
    }
  };
}
