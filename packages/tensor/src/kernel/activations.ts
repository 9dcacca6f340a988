/** What rounding activations to codes of 8 bits means, beside that codes are x / scale, rounded half to even. */
import { below } from '../dtype/neighbours.ts';

/** Elements of a row that share a scale, where a row has several. */
export const activationGroup = 32;

/**
 * The largest code of activations that are rounded in groups, by what they are rounded to. Codes end there: a scale below the
 * smallest normal number may be too small.
 */
export const groupCodes = { 'int8-groups': 127, 'int16-groups': 32767 } as const;

/** What activations may be rounded to in groups. */
export type GroupActivations = keyof typeof groupCodes;

/** Whether activations are rounded in groups. */
export function isGrouped(activations: string): activations is GroupActivations {
  return Object.hasOwn(groupCodes, activations);
}

/** Codes are from -127 to 127. */
export const largestCode = 127;

/**
 * The scale of a row is its largest magnitude / the largest code, of this at most, unless that is not finite: of the largest f32 it would
 * be rounded up to one that this code overflows with.
 */
export const largestScaled: number = below('f32', (2 - 2 ** -23) * 2 ** 127);
