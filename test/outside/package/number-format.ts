/** A format of numbers: -3 … 3, so that a weight takes three bits of a file. */
import type { NumberFormat } from '@espalier/optimize';

export const int3: NumberFormat = { name: 'int3', bits: 3, minimum: -3, maximum: 3 };
