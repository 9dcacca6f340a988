/**
 * Loads that run along another dimension than the lanes do, as those of a transpose: four neighbours are read for each of four lanes,
 * and turned over in registers.
 */
import { dtypes } from '../../../dtype/dtype.ts';
import { shuffle16, shuffle32, type Expression, type Local } from '../assembler/expression.ts';
import type { FunctionBuilder } from '../assembler/function-builder.ts';
import type { Binding } from '../../../kernel/spec.ts';
import type { Nest } from './nest.ts';

/** Two loops that are gone through in tiles. */
export interface RegisterTiles {
  /** The dimension that is read along; the one after it goes to lanes. */
  readonly dim: number;
  /** Indices of a tile along either dimension: as many elements as a register has, four, or eight of 16 bits. */
  readonly side: 4 | 8;
  /** Positions of the loads that are turned over. */
  readonly loads: readonly number[];
}

/** The tiles of a map, if its last two loops can be gone through in them, and neither is the outermost. */
export function registerTiles(nest: Nest): RegisterTiles | undefined {
  const { spec, outer, laneDim, mode, limits, walks, strides } = nest;
  const dim = laneDim - 1;
  if (mode !== 'rows' || walks.length > 0 || dim < 1) return undefined;
  /** The loads of so many bytes that cross. */
  const crossing = (bytes: number): number[] =>
    spec.body.flatMap((step, position) => {
      if (step.kind !== 'load' || dtypes[(spec.bindings[step.access.binding] as Binding).dtype].bytes !== bytes)
        return [];
      const [along, across] = [strides[position]?.[dim], strides[position]?.[laneDim]];
      return along === 1 && across !== 0 && across !== 1 ? [position] : [];
    });
  const [halves, words] = [crossing(2), crossing(4)];
  const side = halves.length > 0 ? 8 : 4;
  const loads = side === 8 ? halves : words;
  const fits = (at: number): boolean => (outer[at] as number) % side === 0 && limits[at] === undefined;
  return loads.length > 0 && fits(dim) && fits(laneDim) ? { dim, side, loads } : undefined;
}

/** As many registers as there are, of which each has a lane of all of them: four, or eight with lanes of 16 bits. */
export function turnedOver(f: FunctionBuilder, rows: readonly Expression[]): readonly Local[] {
  if (rows.length === 8) return turnedOverHalves(f, rows);
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

/** Eight of them: three times, the lanes of each of the first four and of the one four further in turns, are two. */
function turnedOverHalves(f: FunctionBuilder, rows: readonly Expression[]): readonly Local[] {
  const inTurns = [0, 4].map((first) => [0, 1, 2, 3].flatMap((lane) => [first + lane, 8 + first + lane]));
  let registers = rows.map((row) => f.let(row));
  for (let time = 0; time < 3; time++)
    registers = registers
      .slice(0, 4)
      .flatMap((one, i) => inTurns.map((lanes) => f.let(shuffle16(one, registers[4 + i] as Local, lanes))));
  return registers;
}
