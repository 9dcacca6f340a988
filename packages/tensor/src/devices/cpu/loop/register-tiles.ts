/**
 * Loads that run along another dimension than the lanes do, as those of a transpose: four neighbours are read for each of four lanes,
 * and turned over in registers.
 */
import { dtypes } from '../../../dtype/dtype.ts';
import { shuffle32, type Expression, type Local } from '../assembler/expression.ts';
import type { FunctionBuilder } from '../assembler/function-builder.ts';
import type { Nest } from './nest.ts';

/** Indices of a tile along either dimension: the lanes of a register. */
export const tileSide = 4;

/** Two loops that are gone through in tiles. */
export interface RegisterTiles {
  /** The dimension that is read along; the one after it goes to lanes. */
  readonly dim: number;
  /** Positions of the loads that are turned over. */
  readonly loads: readonly number[];
}

/** The tiles of a map, if its last two loops can be gone through in them, and neither is the outermost. */
export function registerTiles(nest: Nest): RegisterTiles | undefined {
  const { spec, outer, laneDim, mode, limits, walks, strides } = nest;
  const dim = laneDim - 1;
  const fits = (at: number): boolean => (outer[at] ?? 0) % tileSide === 0 && limits[at] === undefined;
  if (mode !== 'rows' || walks.length > 0 || dim < 1 || !fits(dim) || !fits(laneDim)) return undefined;
  const loads = spec.body.flatMap((step, position) => {
    if (step.kind !== 'load' || dtypes[spec.bindings[step.access.binding]?.dtype ?? 'f32'].bytes !== 4) return [];
    const [along, across] = [strides[position]?.[dim], strides[position]?.[laneDim]];
    return along === 1 && across !== 0 && across !== 1 ? [position] : [];
  });
  return loads.length > 0 ? { dim, loads } : undefined;
}

/** Four registers with the lanes of four others as rows. */
export function turnedOver(f: FunctionBuilder, rows: readonly Expression[]): readonly Local[] {
  const [a, b, c, d] = rows.map((row) => f.let(row)) as [Local, Local, Local, Local];
  const halves = [
    [a, b],
    [c, d],
  ] as const;
  const [low, high] = (
    [
      [0, 4, 1, 5],
      [2, 6, 3, 7],
    ] as const
  ).map((lanes) => halves.map(([first, second]) => f.let(shuffle32(first, second, lanes)))) as [Local[], Local[]];
  return [low, high].flatMap(([first, second]) =>
    (
      [
        [0, 1, 4, 5],
        [2, 3, 6, 7],
      ] as const
    ).map((lanes) => f.let(shuffle32(first as Local, second as Local, lanes))),
  );
}
