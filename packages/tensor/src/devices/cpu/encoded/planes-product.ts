/** Products of few rows of x, split into planes of whole numbers, with small codes. */
import type { EncodedMatmulSpec } from '../../../kernel/spec.ts';
import type { Calls, Engine } from '../engine.ts';
import { roundUp } from '../gemm/gemm.ts';
import { apartBytes } from './columns-apart.ts';
import { addressesOf, rowsOfResult } from './decoded-product.ts';
import { stateOf, type PlaneLayout } from './planes.ts';
import { rowsOfX } from './rows-of-x.ts';

/** Where a row of x is, in planes. */
export interface PlacedPlanes {
  readonly planes: number;
  readonly scales: number;
  /** Room for what a layout derives from planes. */
  readonly extra: number;
}

/** What a layout makes of planes. */
export interface PlanesProduct {
  readonly layout: PlaneLayout;
  /** Columns in planes; what is left over is less than a chunk. */
  readonly whole: number;
  /** Columns that share scales of x, which are 8 bytes. */
  readonly block: number;
  /** Bytes of `extra`. */
  readonly extraBytes: number;
  /** Elements that may lose much. */
  readonly most: number;
  /** Derives what `extra` has from planes. */
  readonly prepare?: (x: PlacedPlanes) => void;
  /** y = the product of some rows of the matrix with one row of x. */
  readonly multiply: (x: PlacedPlanes, parts: readonly number[], y: number, rows: Rows) => void;
  /** y += their product with columns apart: `apartBytes` from `list` on each, an i32 and, 8 bytes on, its factor in f64; the i32 at `count` says how many. */
  readonly addColumns: (parts: readonly number[], y: number, list: number, count: number, rows: Rows) => void;
}

/** Some rows of the matrix. */
export interface Rows {
  readonly row: number;
  readonly rows: number;
}

/** Elements of a matrix that are worth a unit of its own, how many units there are at most, and rows that stay together. */
const [unitElements, mostUnits, rowsTogether] = [2 ** 16, 8, 16];

/** The rows of the matrix by units: results of different ones do not share a line of the cache. */
export function rowUnits({ rows, columns }: Pick<EncodedMatmulSpec, 'rows' | 'columns'>): Rows[] {
  const units = Math.max(1, Math.min(mostUnits, Math.floor((rows * columns) / unitElements)));
  const each = roundUp(Math.ceil(rows / units), rowsTogether);
  return Array.from({ length: Math.ceil(rows / each) }, (_, unit) => ({
    row: unit * each,
    rows: Math.min(each, rows - unit * each),
  }));
}

/** So many elements are added column by column before computing with decoded numbers is faster. */
export const mostLost = (columns: number): number => columns >> 5;

/** The calls; `exact` computes what planes cannot hold. */
export function planesCalls(
  spec: EncodedMatmulSpec,
  engine: Engine,
  exact: Calls,
  { layout, whole, block, extraBytes, most, prepare, multiply, addColumns }: PlanesProduct,
): Calls {
  const { columns, m } = spec;
  const x = rowsOfX(spec, engine);
  const out = rowsOfResult(spec, engine);
  const scalesAt = x.bytes + roundUp(whole * 4, 16);
  const extraAt = scalesAt + roundUp(Math.ceil(whole / block) * 8, 16);
  const apartAt = extraAt + roundUp(extraBytes, 16);
  const stateAt = apartAt + (most + columns - whole) * apartBytes;
  engine.reserve(stateAt + stateOf.bytes, 'matmul');

  const units = rowUnits(spec);
  return () => {
    const address = engine.workspace;
    const [from, to, parts] = [x.place(address), out.at(), addressesOf(spec, engine)];
    const [planes, scales, extra] = [address + x.bytes, address + scalesAt, address + extraAt];
    const [list, state] = [address + apartAt, address + stateAt];
    layout.start(state);
    for (let i = 0; i < m; i++) {
      const y = to + i * out.step;
      // Whoever has some of the units splits x for itself.
      engine.onlyIf(state + stateOf.fits, () =>
        layout.split(from + i * columns * 4, planes, scales, list, state, whole, block, most, columns - whole),
      );
      if (prepare) engine.onlyIf(state + stateOf.fits, () => prepare({ planes, scales, extra }));
      for (const [unit, rows] of units.entries())
        engine.serve(unit, 1, () =>
          engine.onlyIf(state + stateOf.fits, () => {
            multiply({ planes, scales, extra }, parts, y + rows.row * 4, rows);
            addColumns(parts, y + rows.row * 4, list, state + stateOf.apart, rows);
          }),
        );
    }
    // It writes over rows that had planes, and over the state: whoever has some of the units computes all of it, last.
    engine.undivided(() => engine.onlyIf(state + stateOf.fails, exact));
  };
}
