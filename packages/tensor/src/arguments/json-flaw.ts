/** What of a value JSON would drop or change. */
import { show } from './show.ts';

const prototypes: ReadonlySet<unknown> = new Set([Object.prototype, Array.prototype, null]);

/**
 * What of a value JSON cannot carry, in words, and where: NaN and infinities, functions, objects of a class, what contains
 * itself. A field that is undefined is not there, in JSON as in the object. `place` stands before each place inside.
 */
export function jsonFlaw(value: unknown, place = ''): string | undefined {
  return flawWithin(value, { place, around: [], isCarried });
}

/** The same where also -0 must not become 0. */
export function exactJsonFlaw(value: unknown): string | undefined {
  return flawWithin(value, { place: '', around: [], isCarried: (part) => isCarried(part) && !Object.is(part, -0) });
}

interface Within {
  readonly place: string;
  readonly around: readonly object[];
  /** Whether JSON carries a value that is no object. */
  readonly isCarried: (value: unknown) => boolean;
}

function flawWithin(value: unknown, within: Within): string | undefined {
  const { place, around } = within;
  const at = place === '' ? '' : ` at ${place}`;
  if (typeof value !== 'object' || value === null)
    return within.isCarried(value) ? undefined : `${Object.is(value, -0) ? '-0' : show(value)}${at}`;
  if (!prototypes.has(Object.getPrototypeOf(value))) return `an object of a class${at}`;
  if (around.includes(value)) return `an object that contains itself${at}`;
  const isList = Array.isArray(value);
  for (const [key, each] of Object.entries(value)) {
    if (each === undefined && !isList) continue;
    const inside = isList ? `${place}[${key}]` : place === '' ? key : `${place}.${key}`;
    const flaw = flawWithin(each, { ...within, place: inside, around: [...around, value] });
    if (flaw !== undefined) return flaw;
  }
  return undefined;
}

const isCarried = (value: unknown): boolean =>
  value === null || typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value);
