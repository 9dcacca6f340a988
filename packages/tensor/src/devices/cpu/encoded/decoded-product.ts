/**
 * Products through the numbers that codes stand for, decoded a piece at a time into memory that stays in the cache: few rows
 * of x as dot products or sums of scaled rows, many by the blocked product, whose panels are packed from what was decoded.
 */
import type { Access, EncodedMatmulSpec } from '../../../kernel/spec.ts';
import type { Calls, Engine } from '../engine.ts';
import { gemmKernels, packDense, planGemm, roundUp, type GemmKernels, type PackSecond } from '../gemm/gemm.ts';
import { sumOfBlocks, wideBytes } from '../gemm/wide-sums.ts';
import { panelRows } from './panels.ts';
import { rowsOfX, sizesOf } from './rows-of-x.ts';
import { touchKernel } from './touch.ts';

/** A part of the matrix. */
export interface Block {
  readonly row: number;
  readonly rows: number;
  readonly column: number;
  readonly columns: number;
}

/** Writes a block of the matrix, whose arrays lie at `parts`, to `target` as contiguous f32 [rows, columns]. */
export type Decode = (parts: readonly number[], block: Block, target: number) => void;

/** From this many rows of x on, packing what was decoded is worth its time: 7, which a tile takes as 8, at 512² and 2048². */
const manyRows = 7;
/** The same where panels are made at once: those of one tile. */
const manyRowsOfPanels = 4;
/** Rows whose codes are read ahead: a multiple of the columns of a panel; 16 KiB of codes of 8 bits. */
const rowsAhead = 64;
/** Numbers decoded at a time. */
const decodedSize = 32768;

/** How the rows of the matrix lie in one of its arrays, of those in the order of `parts`. */
export interface RowsOfPart {
  readonly rowBytes: number;
  /** Bits of a column, on average. */
  readonly bits: number;
}

/** How the numbers of a layout are found. */
export interface Decoder {
  readonly decode: Decode;
  /** Its arrays by rows; smaller ones come after those. */
  readonly rowsOf: readonly RowsOfPart[];
  /** Writes `panelRows` rows and whole `columns` of them, turned, as a panel of the blocked product. */
  readonly panel?: { readonly columns: number; readonly write: Decode };
}

/** The calls of a product with a matrix that is decoded. */
export function decodedCalls(spec: EncodedMatmulSpec, engine: Engine, decoder: Decoder): Calls {
  if (spec.m >= (decoder.panel && spec.walks === 'columns' ? manyRowsOfPanels : manyRows))
    return blockedProduct(spec, engine, decoder);
  return (spec.walks === 'columns' ? dotProducts : scaledRows)(spec, engine, decoder.decode);
}

/** Where the arrays of the matrix are. */
export function addressesOf(spec: EncodedMatmulSpec, engine: Engine): number[] {
  return spec.parts.map((part) => engine.address(part));
}

/** Where row i of the result is. */
export function rowsOfResult(
  spec: EncodedMatmulSpec,
  engine: Engine,
): { readonly at: () => number; readonly step: number } {
  const { binding, offset, strides } = spec.out as Access;
  return { at: () => engine.address(binding) + offset * 4, step: (strides[0] ?? 0) * 4 };
}

function dotProducts(spec: EncodedMatmulSpec, engine: Engine, decode: Decode): Calls {
  const { rows, columns, m } = spec;
  const x = rowsOfX(spec, engine);
  const out = rowsOfResult(spec, engine);
  const { dotRows } = gemmKernels(engine);
  const together = Math.max(4, Math.min(64, Math.floor(decodedSize / columns / 4) * 4));
  engine.reserve(x.bytes + together * columns * 4, 'matmul');
  return () => {
    const [from, to, parts] = [x.place(engine.workspace), out.at(), addressesOf(spec, engine)];
    const decoded = engine.workspace + x.bytes;
    for (let row = 0; row < rows; row += together) {
      const count = Math.min(together, rows - row);
      engine.serve(row / together, 1, () => {
        decode(parts, { row, rows: count, column: 0, columns }, decoded);
        for (let i = 0; i < m; i++)
          dotRows(
            from + i * columns * 4,
            decoded,
            to + i * out.step + row * 4,
            1,
            count,
            columns,
            0,
            columns * 4,
            0,
            4,
          );
      });
    }
  };
}

/** Rows that add up in f32. */
const rowBlock = 512;

function scaledRows(spec: EncodedMatmulSpec, engine: Engine, decode: Decode): Calls {
  const { rows, columns, m } = spec;
  const kernels = gemmKernels(engine);
  const x = rowsOfX(spec, engine);
  const out = rowsOfResult(spec, engine);
  const blocks = { count: Math.ceil(rows / rowBlock), together: 1 };
  const width = Math.min(columns, decodedSize / rowBlock);
  const wideAt = x.bytes + roundUp(rowBlock * width * 4, 16);
  engine.reserve(wideAt + wideBytes(blocks, m * width), 'matmul');
  return () => {
    const address = engine.workspace;
    const [from, to, parts] = [x.place(address), out.at(), addressesOf(spec, engine)];
    const decoded = address + x.bytes;
    for (let column = 0; column < columns; column += width) {
      const count = Math.min(width, columns - column);
      const c = to + column * 4;
      const sums = { c, wide: address + wideAt, rows: m, columns: count, rowStep: out.step };
      sumOfBlocks(kernels, sums, blocks, (block) => {
        const row = block * rowBlock;
        const deep = Math.min(rowBlock, rows - row);
        decode(parts, { row, rows: deep, column, columns: count }, decoded);
        for (let i = 0; i < m; i++)
          kernels.scaledRows(from + (i * rows + row) * 4, decoded, c + i * out.step, count, deep, 4, count * 4);
      });
    }
  };
}

function blockedProduct(spec: EncodedMatmulSpec, engine: Engine, { decode, rowsOf, panel }: Decoder): Calls {
  const { m } = spec;
  const { depth, width } = sizesOf(spec);
  const kernels = gemmKernels(engine);
  const x = rowsOfX(spec, engine);
  const out = rowsOfResult(spec, engine);
  let parts: readonly number[] = [];
  const shape = { m, n: width, k: depth, a: { rowStep: depth * 4, columnStep: 4 }, cRowStep: out.step };
  let decoded = 0;
  const touch = touchKernel(engine);
  const source: DecodedSource = {
    decode: (block) => {
      decode(parts, block, decoded);
      return decoded;
    },
    panel: panel && { columns: panel.columns, write: (block, target) => panel.write(parts, block, target) },
    readAhead: ({ row, rows, column, columns }) => {
      for (const [part, { rowBytes, bits }] of rowsOf.entries()) {
        const address = (parts[part] ?? 0) + row * rowBytes + Math.floor((column * bits) / 8);
        touch(address, rows, Math.ceil((columns * bits) / 8), rowBytes);
      }
    },
  };
  const pack = packDecoded(spec, kernels, source);
  const plan = planGemm(engine, kernels, shape, pack);
  const decodedAt = x.bytes + roundUp(plan.workspaceBytes, 16);
  engine.reserve(decodedAt + decodedSize * 4, 'matmul');
  return () => {
    const address = engine.workspace;
    const from = x.place(address);
    parts = addressesOf(spec, engine);
    decoded = address + decodedAt;
    plan.run(address + x.bytes, from, 0, out.at());
  };
}

interface DecodedSource {
  /** Where a block has been decoded to. */
  readonly decode: (block: Block) => number;
  readonly panel: { readonly columns: number; readonly write: (block: Block, target: number) => void } | undefined;
  /** Has the codes of a block come into the cache. */
  readonly readAhead: (block: Block) => void;
}

/** Packs panels of a block that was decoded. */
function packDecoded(
  { walks }: EncodedMatmulSpec,
  kernels: GemmKernels,
  { decode, panel, readAhead }: DecodedSource,
): PackSecond {
  const lanes = kernels.tile.columns;
  const wholeOf = (rows: number, depth: number): number =>
    panel === undefined || rows < lanes || lanes !== panelRows ? 0 : depth - (depth % panel.columns);
  return (_, j, width, p, depth, target) => {
    // Rows of the matrix become columns of a panel: what is decoded of one panel is in the first-level cache when it is packed.
    // Where columns stay columns, short pieces of rows would be dear to decode: as many as there is room for.
    const most = walks === 'columns' ? lanes : Math.max(lanes, Math.floor(decodedSize / depth / lanes) * lanes);
    for (let at = 0; at < width; at += most) {
      const count = Math.min(most, width - at);
      const to = target + at * depth * 4;
      if (walks === 'columns') {
        if (at % rowsAhead === 0)
          readAhead({ row: j + at, rows: Math.min(rowsAhead, width - at), column: p, columns: depth });
        const whole = wholeOf(count, depth);
        if (whole > 0) panel?.write({ row: j + at, rows: count, column: p, columns: whole }, to);
        const rest = depth - whole;
        if (rest === 0) continue;
        const decoded = decode({ row: j + at, rows: count, column: p + whole, columns: rest });
        packDense(kernels, { rowStep: 4, columnStep: rest * 4 })(decoded, 0, count, 0, rest, to + whole * lanes * 4);
      } else {
        const decoded = decode({ row: p, rows: depth, column: j + at, columns: count });
        packDense(kernels, { rowStep: count * 4, columnStep: 4 })(decoded, 0, count, 0, depth, to);
      }
    }
  };
}
