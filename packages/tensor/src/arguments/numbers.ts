/** Whether a dtype can hold a number. */
import { dtypes, type DType } from '../dtype/dtype.ts';
import { ArgumentError } from '../errors.ts';
import { describe } from './describe.ts';

/** Whether an element of the dtype can be this number. Floats round and bool asks for truth, so that both hold all. */
export function holds(dtype: DType, value: number): boolean {
  const { kind, min, max } = dtypes[dtype];
  return kind === 'float' || kind === 'bool' || (Number.isInteger(value) && value >= min && value <= max);
}

/** @throws {ArgumentError} unless an element of the dtype can be this number. */
export function checkHolds(operation: string, value: number, dtype: DType): void {
  if (holds(dtype, value)) return;
  const { min, max } = dtypes[dtype];
  throw new ArgumentError(
    operation,
    `${describe(value)} is no ${dtype}, which holds the integers from ${min} to ${max}; use such a number, or cast the tensor to a dtype that holds it`,
  );
}
