/** Which scalar instructions on f32 have a library function on vectors. */
import type { ScalarOp } from '../../../scalar/instructions.ts';
import type { MathFunction } from '../math/math-functions.ts';

const table: Readonly<Partial<Record<ScalarOp, MathFunction>>> = {
  pow: 'pow',
  exp: 'exp',
  log: 'log',
  sin: 'sin',
  cos: 'cos',
  tanh: 'tanh',
  atan: 'atan',
  erf: 'erf',
};

/** The library function that computes `op` on four f32 lanes, if there is one. */
export function vectorMathFunction(op: ScalarOp): MathFunction | undefined {
  return table[op];
}
