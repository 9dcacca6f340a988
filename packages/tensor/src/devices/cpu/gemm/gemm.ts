/**
 * Blocked matrix product in f32.
 * Source: K. Goto, R. van de Geijn, "Anatomy of high-performance matrix multiplication" (2008).
 */
import type { Engine, WasmFunction } from '../engine.ts';
import { addScaledRows } from './matvec.ts';
import { addMultiply } from './multiply.ts';
import { addPack } from './pack.ts';
import { chooseTile, type Tile } from './tile.ts';

/** A matrix in memory: steps in bytes between rows and between columns. */
export interface MatrixLayout {
  readonly rowStep: number;
  readonly columnStep: number;
}

/** The kernels of one engine. */
export interface GemmKernels {
  readonly tile: Tile;
  /** (source, target, count, depth, laneStep, depthStep) */
  readonly packA: WasmFunction;
  readonly packB: WasmFunction;
  /** (a, b, c, m, n, depth, rowStep, accumulate, edge) */
  readonly multiply: WasmFunction;
  /** (x, b, y, n, k, xStep, rowStep) */
  readonly scaledRows: WasmFunction;
}

/** Depth of a block: a panel of the second operand (8 × 256 floats) fills a quarter of a 32 KiB first-level cache. */
export const depthBlock = 256;
/** Rows of a block: the packed first operand (128 × 256 floats) stays in the second-level cache. */
const rowBlock = 128;
const columnBlock = 1024;

const built = new WeakMap<Engine, GemmKernels>();

/** Compiles the kernels once an engine; `tile` overrides the choice for measurements. */
export function gemmKernels(engine: Engine, tile?: Tile): GemmKernels {
  const known = built.get(engine);
  if (known && tile === undefined) return known;
  const chosen = tile ?? chooseTile();
  const { module } = engine.module();
  addPack(module, 'packA', chosen.rows);
  addPack(module, 'packB', chosen.columns);
  addMultiply(module, chosen);
  addScaledRows(module);
  const functions = engine.instantiate(module) as Readonly<
    Record<'packA' | 'packB' | 'multiply' | 'scaledRows', WasmFunction>
  >;
  const kernels: GemmKernels = { tile: chosen, ...functions };
  built.set(engine, kernels);
  return kernels;
}

/** `value` rounded up to a multiple of `unit`. */
export function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}

/** Workspace and blocking of products of one size. */
export interface GemmPlan {
  /** Bytes of workspace that `run` needs. */
  readonly workspaceBytes: number;
  /** c = a·b, with all addresses in bytes; columns of `c` are adjacent and its rows `cRowStep` bytes apart. */
  readonly run: (workspace: number, a: number, b: number, c: number) => void;
}

/** Plans products of [m, k] by [k, n]. k is at least 1. */
export function planGemm(
  kernels: GemmKernels,
  m: number,
  n: number,
  k: number,
  a: MatrixLayout,
  b: MatrixLayout,
  cRowStep: number,
): GemmPlan {
  const { tile, packA, packB, multiply } = kernels;
  const rows = Math.min(rowBlock, roundUp(m, tile.rows));
  const columns = Math.min(columnBlock, roundUp(n, tile.columns));
  const depth = Math.min(depthBlock, k);
  const bOffset = roundUp(rows, tile.rows) * depth * 4;
  const edgeOffset = bOffset + roundUp(columns, tile.columns) * depth * 4;
  const workspaceBytes = edgeOffset + tile.rows * tile.columns * 4;
  const run = (workspace: number, aAddress: number, bAddress: number, cAddress: number): void => {
    const packedB = workspace + bOffset;
    const edge = workspace + edgeOffset;
    for (let j = 0; j < n; j += columns) {
      const width = Math.min(columns, n - j);
      for (let p = 0; p < k; p += depth) {
        const deep = Math.min(depth, k - p);
        packB(bAddress + j * b.columnStep + p * b.rowStep, packedB, width, deep, b.columnStep, b.rowStep);
        for (let i = 0; i < m; i += rows) {
          const height = Math.min(rows, m - i);
          packA(aAddress + i * a.rowStep + p * a.columnStep, workspace, height, deep, a.rowStep, a.columnStep);
          multiply(
            workspace,
            packedB,
            cAddress + i * cRowStep + j * 4,
            height,
            width,
            deep,
            cRowStep,
            p > 0 ? 1 : 0,
            edge,
          );
        }
      }
    }
  };
  return { workspaceBytes, run };
}
