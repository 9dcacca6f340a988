/** Attributes of ops that users define. */
import { ArgumentError } from '../errors.ts';
import { anObject, check } from './rules.ts';

/**
 * Attributes of one use of an op.
 * @throws {ArgumentError} for what is no object, and for NaN and infinities: attributes are part of the identity of an
 * op as JSON, where all of these would be one.
 */
export function checkAttributes(operation: string, attributes: Readonly<Record<string, unknown>>): void {
  check<object>(operation, 'the attributes', attributes, anObject);
  for (const [key, value] of Object.entries(attributes))
    if (typeof value === 'number' && !Number.isFinite(value))
      throw new ArgumentError(operation, `its attribute ${key} is ${value}; attributes are JSON: pass it as text`);
}
