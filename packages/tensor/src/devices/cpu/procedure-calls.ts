/** Kernels that a procedure computes. */
import type { Calls, Engine } from './engine.ts';
import type { ProcedureName, ProcedureParameters } from './program/procedures.ts';
import { slots } from './program/program.ts';
import { standIn } from './program/recorder.ts';

/** The call of a procedure, whose outermost loop has so many units, on the operands that are bound at `bindings`. */
export function procedureCalls(
  engine: Engine,
  name: ProcedureName,
  parameters: ProcedureParameters,
  units: number,
  bindings: readonly number[],
): Calls {
  const call = engine.procedure(name, parameters);
  return () =>
    engine.serve(0, Math.max(1, units), () => {
      call(standIn(slots.begin), standIn(slots.end), ...bindings.map((binding) => engine.address(binding)));
    });
}
