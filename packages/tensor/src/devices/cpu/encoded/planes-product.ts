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
  /** y = the product with one row of x. */
  readonly multiply: (x: PlacedPlanes, parts: readonly number[], y: number) => void;
  /** y += the product with columns apart: `apartBytes` from `list` on each, an i32 and, 8 bytes on, its factor in f64; the i32 at `count` says how many. */
  readonly addColumns: (parts: readonly number[], y: number, list: number, count: number) => void;
}

/** So many elements are added column by column before computing with decoded numbers is faster. */
export const mostLost = (columns: number): number => columns >> 5;

/** The calls; `exact` computes what planes cannot hold. */
export function planesCalls(
  spec: EncodedMatmulSpec,
  engine: Engine,
  exact: Calls,
  { layout, whole, block, extraBytes, most, multiply, addColumns }: PlanesProduct,
): Calls {
  const { columns, m } = spec;
  const x = rowsOfX(spec, engine);
  const out = rowsOfResult(spec, engine);
  const scalesAt = x.bytes + roundUp(whole * 4, 16);
  const extraAt = scalesAt + roundUp(Math.ceil(whole / block) * 8, 16);
  const apartAt = extraAt + roundUp(extraBytes, 16);
  const stateAt = apartAt + (most + columns - whole) * apartBytes;
  engine.reserve(stateAt + stateOf.bytes, 'matmul');

  const rows = (): void => {
    const address = engine.workspace;
    const [from, to, parts] = [x.place(address), out.at(), addressesOf(spec, engine)];
    const [planes, scales, extra] = [address + x.bytes, address + scalesAt, address + extraAt];
    const [list, state] = [address + apartAt, address + stateAt];
    layout.start(state);
    for (let i = 0; i < m; i++) {
      const y = to + i * out.step;
      engine.onlyIf(state + stateOf.fits, () =>
        layout.split(from + i * columns * 4, planes, scales, list, state, whole, block, most, columns - whole),
      );
      engine.onlyIf(state + stateOf.fits, () => {
        multiply({ planes, scales, extra }, parts, y);
        addColumns(parts, y, list, state + stateOf.apart);
      });
    }
    engine.onlyIf(state + stateOf.fails, exact);
  };
  return () => engine.undivided(rows);
}
