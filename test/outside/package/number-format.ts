/** A format of numbers: -31 … 31, so that a weight takes six bits of a file. */
import type { NumberFormat } from '@espalier/optimize';

export const int6: NumberFormat = { name: 'int6', bits: 6, minimum: -31, maximum: 31 };
