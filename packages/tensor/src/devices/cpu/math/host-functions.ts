/** Functions generated code calls in the host: f64 mathematics, and rare arguments of the f32 functions. */
import { scalarInstructions, type ScalarOp } from '../../../scalar/instructions.ts';

/** The scalar instructions that the host computes in doubles. */
export type HostOperation = Extract<ScalarOp, 'rem' | 'pow' | 'exp' | 'log' | 'sin' | 'cos' | 'tanh' | 'atan' | 'erf'>;

const hostOperations: readonly HostOperation[] = ['rem', 'pow', 'exp', 'log', 'sin', 'cos', 'tanh', 'atan', 'erf'];

/** Takes and gives doubles, by the defining semantics. */
export const hostFunctions: Readonly<Record<string, (a: number, b: number) => number>> = Object.fromEntries(
  hostOperations.map((name) => {
    const { evaluate } = scalarInstructions[name];
    return [name, (a: number, b: number): number => evaluate('f64', a, b, 0)];
  }),
);
