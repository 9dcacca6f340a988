/** Values that survive JSON unchanged. */
import { show } from '@espalier/tensor/arguments';

/** A JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Whether a value is an object with named fields: no array, no null. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * What of a value JSON cannot carry, in words, and where: NaN and infinities, functions, objects of a class. A field that is
 * undefined is not there, in JSON as in the object. `place` stands before each place inside.
 */
export function jsonFlaw(value: unknown, place = ''): string | undefined {
  if (!isRecord(value) && !Array.isArray(value))
    return isCarried(value) ? undefined : place === '' ? show(value) : `${show(value)} at ${place}`;
  if (!Array.isArray(value) && ![Object.prototype, null].includes(Object.getPrototypeOf(value) as null))
    return place === '' ? 'an object of a class' : `an object of a class at ${place}`;
  for (const [key, each] of Object.entries(value)) {
    const inside = Array.isArray(value) ? `${place}[${key}]` : place === '' ? key : `${place}.${key}`;
    const flaw = each === undefined && !Array.isArray(value) ? undefined : jsonFlaw(each, inside);
    if (flaw) return flaw;
  }
  return undefined;
}

const isCarried = (value: unknown): boolean =>
  value === null || typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value);
