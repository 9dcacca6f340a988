/** The layout `int-n`: what its settings mean, which arrays it has, and where they are, as all who read it agree. */
import type { EncodedSettings } from './spec.ts';

/**
 * What scales are stored in. `i8`: a scale is a code times a step of f16 that 256 columns share. `e8`: a byte that is an
 * exponent, 2^(byte - 128).
 */
export type ScaleKind = 'f32' | 'f16' | 'i8' | 'e8';

/** Settings of a matrix whose columns share scales in groups. */
export interface GroupedCodes {
  /** Of a code, 1 to 8. */
  readonly bits: number;
  /** Columns of a group. */
  readonly group: number;
  /** Whether each group has a zero point. */
  readonly zeros: boolean;
  /** Whether each group has a minimum, in what scales are stored in, from which its codes count. */
  readonly minima: boolean;
  /** Whether codes of 4 bits are places in a table of i8. */
  readonly table: boolean;
  readonly scales: ScaleKind;
}

/** The array of a part of the layout. */
export type GroupedPart = 'codes' | 'scales' | 'zeros' | 'minima' | 'steps' | 'minimumSteps' | 'table';

/** Columns that share a step of scales that are codes. */
export const stepColumns = 256;

/** What settings mean; those that older files do not have are off. */
export function groupedCodes(settings: EncodedSettings): GroupedCodes {
  return {
    bits: Number(settings['bits']),
    group: Number(settings['group']),
    zeros: settings['zeros'] === true,
    minima: settings['minima'] === true,
    table: settings['table'] === true,
    scales: (settings['scales'] ?? 'f32') as ScaleKind,
  };
}

/** The arrays in the order in which kernels bind them. */
export function groupedParts({ zeros, minima, table, scales }: GroupedCodes): readonly GroupedPart[] {
  const isStepped = scales === 'i8';
  const parts: readonly (readonly [GroupedPart, boolean])[] = [
    ['codes', true],
    ['scales', true],
    ['zeros', zeros],
    ['minima', minima],
    ['steps', isStepped],
    ['minimumSteps', isStepped && minima],
    ['table', table],
  ];
  return parts.filter(([, isThere]) => isThere).map(([part]) => part);
}

/**
 * How a code without a zero point, a minimum and a table counts: factor · code - centre. Codes of one bit are -1 and 1; others
 * lie around 0.
 */
export function centreOf({ bits, zeros, minima, table }: GroupedCodes): {
  readonly factor: number;
  readonly centre: number;
} {
  if (zeros || minima || table) return { factor: 1, centre: 0 };
  return bits === 1 ? { factor: 2, centre: 1 } : { factor: 1, centre: 2 ** (bits - 1) };
}

/** Bytes of the codes of a row. */
export function codeBytes({ bits }: Pick<GroupedCodes, 'bits'>, columns: number): number {
  return Math.ceil((columns * bits) / 8);
}
