/** Attributes of ops that users define. */
import { ArgumentError } from '../errors.ts';
import { exactJsonFlaw } from './json-flaw.ts';
import { anObject, check } from './rules.ts';

/**
 * Attributes of one use of an op.
 * @throws {ArgumentError} for what is no object, and for what JSON would drop or change, such as NaN, -0 and functions:
 * attributes are part of the identity of an op as JSON, where those would be equal to others.
 */
export function checkAttributes(operation: string, attributes: Readonly<Record<string, unknown>>): void {
  check<object>(operation, 'the attributes', attributes, anObject);
  const flaw = exactJsonFlaw(attributes);
  if (flaw !== undefined)
    throw new ArgumentError(operation, `its attributes hold ${flaw}; attributes are JSON: pass it as text`);
}
