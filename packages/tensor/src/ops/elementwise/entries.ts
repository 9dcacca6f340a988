/** Every element-wise op of the public table. */
import { InternalError } from '../../errors.ts';
import { activation } from './activation.ts';
import { arithmetic } from './arithmetic.ts';
import type { ElementwiseEntry } from './define.ts';
import { exponential } from './exponential.ts';
import { logic } from './logic.ts';
import { rounding } from './rounding.ts';
import { trigonometric } from './trigonometric.ts';

/** By name, in the order of the documentation. */
export const elementwiseEntries: Readonly<Record<string, ElementwiseEntry>> = {
  ...arithmetic,
  ...exponential,
  ...trigonometric,
  ...activation,
  ...rounding,
  ...logic,
};

/** The entry of an op that is known to exist. */
export function elementwiseEntry(name: string): ElementwiseEntry {
  const entry = elementwiseEntries[name];
  if (!entry) throw new InternalError(name, 'is not in the table of element-wise ops');
  return entry;
}
