/** Products of few rows of x, split into planes of whole numbers, with small codes. */
import type { EncodedMatmulSpec } from '../../../kernel/spec.ts';
import type { Engine, Program } from '../engine.ts';
import { roundUp } from '../gemm/gemm.ts';
import { apartBytes } from './columns-apart.ts';
import { addressesOf, rowsOfResult } from './decoded-product.ts';
import { splitRow, type Lost, type PlaneLayout } from './planes.ts';
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
  /** Columns that share a scale of x, and bytes of such a scale. */
  readonly block: number;
  readonly scaleBytes: number;
  /** Bytes of `extra`. */
  readonly extraBytes: number;
  /** Elements that may lose much. */
  readonly most: number;
  /** Writes scales of a row of x from an address on. */
  readonly scaleWriter: (address: number) => (block: number, scale: number) => void;
  /** y = the product with one row of x. */
  readonly multiply: (x: PlacedPlanes, parts: readonly number[], y: number) => void;
  /** y += the product with columns apart: `count` of `apartBytes` from `list` on, each an i32 and, 8 bytes on, its factor in f64. */
  readonly addColumns: (parts: readonly number[], y: number, list: number, count: number) => void;
}

/** So many elements are added column by column before computing with decoded numbers is faster. */
export const mostLost = (columns: number): number => columns >> 5;

/** The program; `exact` computes what planes cannot hold. */
export function planesProgram(
  spec: EncodedMatmulSpec,
  engine: Engine,
  exact: Program,
  { layout, whole, block, scaleBytes, extraBytes, most, scaleWriter, multiply, addColumns }: PlanesProduct,
): Program {
  const { columns, m } = spec;
  const x = rowsOfX(spec, engine);
  const out = rowsOfResult(spec, engine);
  const scalesAt = x.bytes + roundUp(whole * 4, 16);
  const extraAt = scalesAt + roundUp(Math.ceil(whole / block) * scaleBytes, 16);
  const apartAt = extraAt + roundUp(extraBytes, 16);
  engine.workspace.reserve(apartAt + (most + columns - whole) * apartBytes, 'matmul');

  const writeApart = (columnsApart: readonly Lost[], address: number): void => {
    const view = new DataView(engine.memory.memory.buffer, address, columnsApart.length * apartBytes);
    for (const [place, { column, value }] of columnsApart.entries()) {
      view.setInt32(place * apartBytes, column, true);
      view.setFloat64(place * apartBytes + 8, value, true);
    }
  };

  return () => {
    const { address } = engine.workspace;
    const [from, to, parts] = [x.place(address), out.at(), addressesOf(spec, engine)];
    const [planes, scales, extra] = [address + x.bytes, address + scalesAt, address + extraAt];
    const writeScale = scaleWriter(scales);
    for (let i = 0; i < m; i++) {
      const row = { x: from + i * columns * 4, count: whole, block, planes, most };
      const lost = splitRow(engine, layout, row, writeScale);
      if (lost === undefined) {
        exact();
        return;
      }
      multiply({ planes, scales, extra }, parts, to + i * out.step);
      const tail = new Float32Array(engine.memory.memory.buffer, row.x + whole * 4, columns - whole);
      const apart = [...lost, ...Array.from(tail, (value, place): Lost => ({ column: whole + place, value }))];
      if (apart.length === 0) continue;
      writeApart(apart, address + apartAt);
      addColumns(parts, to + i * out.step, address + apartAt, apart.length);
    }
  };
}
