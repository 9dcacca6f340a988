/** What rounding activations to codes of 8 bits means, beside that codes are x / scale, rounded half to even. */
import { below } from '../dtype/neighbours.ts';

/** Codes are from -127 to 127. */
export const largestCode = 127;

/**
 * The scale of a row is its largest magnitude / 127, of this at most, unless that is not finite: of the largest f32 it would
 * be rounded up to one that the code 127 overflows with.
 */
export const largestScaled: number = below('f32', (2 - 2 ** -23) * 2 ** 127);
