/** Running folds. */
import { dtypes } from '../../dtype/dtype.ts';
import { scalarInstructions } from '../../scalar/instructions.ts';
import type { Binding, ScanSpec } from '../../kernel/spec.ts';
import type { Calls, Engine } from './engine.ts';
import { identityOf, joining } from './loop/reductions.ts';
import type { Procedure } from './program/procedures.ts';
import type { Runner } from './program/runner.ts';
import { procedureCalls } from './procedure-calls.ts';
import { isRunningSum, runningSumCalls } from './running-sums.ts';

/** The calls of a scan. */
export function scanCalls(spec: ScanSpec, engine: Engine): Calls {
  if (isRunningSum(spec)) return runningSumCalls(spec, engine);
  return procedureCalls(engine, 'scan', spec, spec.outer, [0, 1]);
}

/**
 * A scan of its outer rows. Float sums and products run in doubles and are rounded once an element, so a long scan loses no
 * more than each element's own rounding.
 */
export function scan({ memory }: Runner, { bindings, op, outer, length, inner }: ScanSpec): Procedure {
  const [input, output] = bindings as readonly [Binding, Binding];
  const source = dtypes[input.dtype];
  const target = dtypes[output.dtype];
  const { evaluate } = scalarInstructions[joining(op, target.compute)];
  const identity = identityOf(op, target.compute);
  return (begin, end, inputAt = 0, outputAt = 0) => {
    const from = memory.elements(input.dtype);
    const to = memory.elements(output.dtype);
    const first = (inputAt >>> 0) / source.bytes;
    const last = (outputAt >>> 0) / target.bytes;
    for (let o = begin; o < Math.min(end, outer); o++) {
      for (let i = 0; i < inner; i++) {
        const start = o * length * inner + i;
        let running = identity;
        for (let position = 0; position < length; position++) {
          const at = start + position * inner;
          running = evaluate(target.compute, running, source.decode(from[first + at] as number), 0);
          to[last + at] = target.encode(running);
        }
      }
    }
  };
}
