/** The table of library functions that generated modules may use. */
import type { Expression, Local, ValueType } from '../assembler/expression.ts';
import { arithmeticFunctions } from './arithmetic.ts';
import { exponentialFunctions } from './exponential.ts';
import { halfFunctions } from './half-conversions.ts';
import type { MathContext } from './math-library.ts';
import { sigmoidalFunctions } from './sigmoidal.ts';
import { trigonometricFunctions } from './trigonometric.ts';

/** One function: its signature, and how its body is written. */
export interface MathFunctionDefinition {
  readonly parameters: readonly ValueType[];
  readonly result: ValueType;
  /** Whether it is written where it is used: short, and without a way out in its middle. */
  readonly isInlined?: boolean;
  /** Writes what comes before its result, and gives that. Operands are locals. */
  readonly build: (context: MathContext, ...operands: readonly Local[]) => Expression;
}

type Tables = typeof arithmeticFunctions &
  typeof exponentialFunctions &
  typeof halfFunctions &
  typeof sigmoidalFunctions &
  typeof trigonometricFunctions;

/** The name of a library function. */
export type MathFunction = keyof Tables;

/** Every library function, by name. */
export const mathFunctions: Readonly<Record<MathFunction, MathFunctionDefinition>> = {
  ...arithmeticFunctions,
  ...exponentialFunctions,
  ...halfFunctions,
  ...sigmoidalFunctions,
  ...trigonometricFunctions,
};
