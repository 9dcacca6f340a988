/** The table of library functions that generated modules may use. */
import type { ValueType } from '../assembler/expression.ts';
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
  readonly build: (context: MathContext) => void;
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
