/**
 * Blocked matrix product in f32.
 * Source: K. Goto, R. van de Geijn, "Anatomy of high-performance matrix multiplication" (2008).
 *
 * Rounding: a block sums 256 products in a register (the last of few blocks up to as many more as there may be blocks), 32 blocks
 * add up in f32, and from there on in f64: the error is at most 290 · 2^-24 of the sum of magnitudes, however deep the product.
 */
import type { Engine, WasmFunction } from '../engine.ts';
import { onceAnEngine } from '../once-an-engine.ts';
import { addDotRows, addDotUnits } from './dot-rows.ts';
import { addFewRows } from './few-rows.ts';
import { addScaledRows, addScaledUnits } from './matvec.ts';
import { addMultiply, floatProducts } from './multiply.ts';
import { addPack } from './pack.ts';
import { chooseTile, type Tile } from './tile.ts';
import { accumulates, addWideSums, settle, wideBytes, type Blocks, type WideSums } from './wide-sums.ts';

/** A matrix in memory: steps in bytes between rows and between columns. */
export interface MatrixLayout {
  readonly rowStep: number;
  readonly columnStep: number;
}

/** The kernels of one engine. */
export interface GemmKernels extends WideSums {
  readonly tile: Tile;
  /** (source, target, count, depth, laneStep, depthStep) */
  readonly packA: WasmFunction;
  readonly packB: WasmFunction;
  /** (a, b, c, m, n, depth, rowStep, accumulate, edge) */
  readonly multiply: WasmFunction;
  /** (x, b, y, n, k, xStep, rowStep) */
  readonly scaledRows: WasmFunction;
  /** (begin, end, x, b, y, n, k, xStep, rowStep) */
  readonly scaledUnits: WasmFunction;
  /** (begin, end, a, b, c, m, n, k, aRowStep, aStep, bStep, cStep, panel, deep) */
  readonly fewRows: WasmFunction;
  /** (x, w, y, m, rows, columns, xRowStep, wRowStep, yRowStep, yStep) */
  readonly dotRows: WasmFunction;
  /** (begin, end, x, w, y, m, rows, columns, xRowStep, wRowStep, yRowStep, yStep) */
  readonly dotUnits: WasmFunction;
}

/** Depth of a block: a panel of the second operand (8 × 256 floats) fills a quarter of a 32 KiB first-level cache. */
export const depthBlock = 256;
/** Rows of a block: the packed first operand (128 × 256 floats) stays in the second-level cache. */
const rowBlock = 128;
const columnBlock = 1024;
/** Blocks of a depth that add up in f32. */
export const blocksTogether = 32;
/** Rows of which a deep product keeps wide sums at a time. */
const wideRows = 1024;

/** Compiles the kernels once an engine. */
export const gemmKernels: (engine: Engine) => GemmKernels = onceAnEngine((engine) => {
  const tile = chooseTile();
  const { module } = engine.module();
  addPack(module, 'packA', tile.rows);
  addPack(module, 'packB', tile.columns);
  addMultiply(module, 'multiply', tile, floatProducts(tile));
  addScaledRows(module);
  addScaledUnits(module);
  addFewRows(module, floatProducts(tile));
  addDotRows(module, floatProducts(tile));
  addDotUnits(module, floatProducts(tile));
  addWideSums(module);
  const functions = engine.instantiate(module) as unknown as Omit<GemmKernels, 'tile'>;
  return { tile, ...functions };
});

/** `value` rounded up to a multiple of `unit`. */
export function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}

/** Workspace and blocking of products of one size. */
export interface GemmPlan {
  /** Bytes of workspace that `run` needs. */
  readonly workspaceBytes: number;
  /** Blocks of the result: units that can be computed apart. */
  readonly units: number;
  /**
   * c = a·b, with all addresses in bytes; columns of `c` are adjacent and its rows `cRowStep` bytes apart. Its blocks are
   * the units of the program from `first` on. The sizes, all of them unless given, are at most those that it was planned
   * for, and k at least 1. `finish` takes each block of the result once it is there, with its first row and column.
   */
  readonly run: (
    workspace: number,
    a: number,
    b: number,
    c: number,
    first?: number,
    m?: number,
    n?: number,
    k?: number,
    finish?: (i: number, j: number, rows: number, columns: number) => void,
  ) => void;
}

/** The matrices of a product of [m, k] by [k, n]; k is at least 1. */
export interface GemmShape {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly a: MatrixLayout;
  /** Bytes between the rows of the result. */
  readonly cRowStep: number;
}

/**
 * Packs a block of the second operand: columns `j` up to `j + width`, rows `p` up to `p + depth`, into panels of
 * `tile.columns` at `target`. `b` is the address that the plan was run with.
 */
export type PackSecond = (b: number, j: number, width: number, p: number, depth: number, target: number) => void;

/** Packs a second operand that lies in memory as numbers. */
export function packDense({ packB }: GemmKernels, { rowStep, columnStep }: MatrixLayout): PackSecond {
  return (b, j, width, p, depth, target) =>
    void packB(b + j * columnStep + p * rowStep, target, width, depth, columnStep, rowStep);
}

/** Columns of a result of few rows that are worth a unit, as the first operand is packed for each, and rows, which share the second. */
const unitColumns = 192;
const unitRows = 16;

/** The block of a result that is a unit: half of one that would be a single unit, where that is large. */
function blockOf(m: number, n: number, { rows, columns }: Tile): { readonly rows: number; readonly columns: number } {
  const block = { rows: Math.min(rowBlock, roundUp(m, rows)), columns: Math.min(columnBlock, roundUp(n, columns)) };
  if (block.rows < m || block.columns < n) return block;
  if (n >= 2 * unitColumns) return { ...block, columns: roundUp(Math.ceil(n / 2), columns) };
  return m >= 2 * unitRows ? { ...block, rows: roundUp(Math.ceil(m / 2), rows) } : block;
}

/**
 * The blocks of a depth of k. What is left over goes with the last whole one, unless it is longer than that: the result is gone over for
 * each block. As many sums follow each other then as in a block and all blocks together, at most.
 */
function blocksOf(k: number, depth: number, together: number, longest: number): Blocks {
  const whole = Math.floor(k / depth);
  const rest = k - whole * depth;
  const joins = whole > 0 && rest + Math.min(whole, together) <= longest;
  return { count: joins ? whole : Math.ceil(k / depth), together };
}

/**
 * Plans products whose second operand `packSecond` finds. Elements of both are 4 bytes, whatever `multiply` takes them for;
 * blocks of the depth are whole units of it. */
export function planGemm(
  engine: Engine,
  kernels: Pick<GemmKernels, 'tile' | 'packA' | 'multiply' | keyof WideSums>,
  { m: mostM, n: mostN, k: mostK, a, cRowStep }: GemmShape,
  packSecond: PackSecond,
  together: number = blocksTogether,
  depthUnit = 1,
): GemmPlan {
  const { tile, packA, multiply } = kernels;
  const { rows, columns } = blockOf(mostM, mostN, tile);
  const depth = Math.min(depthBlock - (depthBlock % depthUnit), mostK);
  // Sums of whole numbers may be of any number of blocks, but a block still has to fit.
  const longest = depthUnit === 1 ? Math.min(together, blocksTogether) : 0;
  const deepest = mostK > depth ? depth + longest : depth;
  // Halving a block leaves fewer rows than a product of fewer rows has, which may be the one that runs here.
  const mostHeld = Math.max(rows, Math.min(roundUp(mostM, tile.rows), 2 * unitRows));
  const bOffset = roundUp(mostHeld, tile.rows) * deepest * 4;
  const edgeOffset = bOffset + roundUp(columns, tile.columns) * deepest * 4;
  const most = blocksOf(mostK, depth, together, longest);
  const wideOffset = roundUp(edgeOffset + tile.rows * tile.columns * 4, 16);
  // Wide sums of all rows at once could be larger than the operands.
  const tall = wideBytes(most, 1) === 0 ? mostM : Math.min(mostM, wideRows);
  const workspaceBytes = wideOffset + wideBytes(most, tall * columns);
  const rowBlocks = Math.ceil(mostM / rows);
  const run: GemmPlan['run'] = (
    workspace,
    aAddress,
    bAddress,
    cAddress,
    first = 0,
    m = mostM,
    n = mostN,
    k = mostK,
    finish,
  ) => {
    const blocks = blocksOf(k, depth, together, longest);
    const packedB = workspace + bOffset;
    const edge = workspace + edgeOffset;
    for (let j = 0; j < n; j += columns) {
      const width = Math.min(columns, n - j);
      for (let top = 0; top < m; top += tall) {
        const bottom = Math.min(top + tall, m);
        const firstOfTop = first + (j / columns) * rowBlocks + top / rows;
        for (let block = 0; block < blocks.count; block++) {
          const p = block * depth;
          const deep = block === blocks.count - 1 ? k - p : depth;
          engine.serve(firstOfTop, Math.ceil((bottom - top) / rows), () =>
            packSecond(bAddress, j, width, p, deep, packedB),
          );
          for (let i = top; i < bottom; i += rows) {
            const height = Math.min(rows, bottom - i);
            const c = cAddress + i * cRowStep + j * 4;
            const wide = workspace + wideOffset + (i - top) * width * 8;
            engine.serve(firstOfTop + (i - top) / rows, 1, () => {
              packA(aAddress + i * a.rowStep + p * a.columnStep, workspace, height, deep, a.rowStep, a.columnStep);
              multiply(workspace, packedB, c, height, width, deep, cRowStep, accumulates(blocks, block), edge);
              settle(kernels, { c, wide, rows: height, columns: width, rowStep: cRowStep }, blocks, block);
              if (block === blocks.count - 1) finish?.(i, j, height, width);
            });
          }
        }
      }
    }
  };
  return { workspaceBytes, units: Math.ceil(mostN / columns) * rowBlocks, run };
}
