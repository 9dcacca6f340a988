/**
 * Convolution and its input gradient as packed matrix products, one image and group at a time, where rows are too narrow for
 * vectors of pixels. Patches are packed straight from the image into the panels of the product.
 */
import type { Access, Conv2dSpec } from '../../../kernel/spec.ts';
import type { Calls, Engine, WasmFunction } from '../engine.ts';
import { blocksTogether, depthBlock, gemmKernels, roundUp, type GemmKernels } from '../gemm/gemm.ts';
import { sumOfBlocks, wideBytes } from '../gemm/wide-sums.ts';
import { onceAnEngine } from '../once-an-engine.ts';
import type { Table } from '../program/program.ts';
import { spreadFunction } from './direct.ts';
import { addGatherPack } from './gather-pack.ts';
import {
  channelsPerGroup,
  filterTables,
  gradientPatches,
  imagePatches,
  paddedImage,
  spreadGradient,
} from './geometry.ts';
import { frameBytes } from './spread.ts';

interface ConvKernels extends GemmKernels {
  /** (base, target, laneTable, count, depthTable, depth) */
  readonly gatherA: WasmFunction;
  readonly gatherB: WasmFunction;
}

const convKernels: (engine: Engine) => ConvKernels = onceAnEngine((engine) => {
  const gemm = gemmKernels(engine);
  const { module } = engine.module();
  addGatherPack(module, 'gatherA', gemm.tile.rows);
  addGatherPack(module, 'gatherB', gemm.tile.columns);
  return { ...gemm, ...(engine.instantiate(module) as Readonly<Record<'gatherA' | 'gatherB', WasmFunction>>) };
});

/** A table that is filled up to whole panels. */
function keepTable(engine: Engine, values: Int32Array, lanes = 1): Table {
  const padded = new Int32Array(roundUp(values.length, lanes)).fill(values.at(-1) ?? 0);
  padded.set(values);
  return engine.keepTable(padded, 'conv2d');
}

const columnBlock = 1024;

/** Bytes of an operand's part that belongs to one image and group. */
function partBytes(spec: Conv2dSpec): { readonly x: number; readonly w: number; readonly y: number } {
  const { inputs, outputs } = channelsPerGroup(spec);
  return {
    x: inputs * spec.inSize[0] * spec.inSize[1] * 4,
    w: outputs * inputs * spec.kernel[0] * spec.kernel[1] * 4,
    y: outputs * spec.outSize[0] * spec.outSize[1] * 4,
  };
}

/** Forward and input passes: [channels, weights] filters times [weights, pixels] patches gives [channels, pixels]. */
export function patchCalls(spec: Conv2dSpec, engine: Engine): Calls {
  const forward = spec.pass === 'forward';
  const kernels = convKernels(engine);
  const { tile, gatherA, gatherB, multiply, packA } = kernels;
  const { inputs, outputs } = channelsPerGroup(spec);
  const placement = forward ? paddedImage(spec) : spreadGradient(spec);
  const spread = placement ? spreadFunction(engine, placement) : undefined;
  const frame = placement?.frame ?? spec.inSize;
  const patches = forward ? imagePatches(spec, frame) : gradientPatches(spec, frame);
  const pixelCount = patches.pixels.length;
  const weightCount = patches.weights.length;
  const pixels = keepTable(engine, patches.pixels, tile.columns);
  const weights = keepTable(engine, patches.weights);
  const channels = forward ? outputs : inputs;
  const filters = forward ? undefined : filterTables(spec);
  const filterLanes = filters && keepTable(engine, filters.inputs, tile.rows);
  const filterDepths = filters && keepTable(engine, filters.weights);

  const packedRows = roundUp(channels, tile.rows);
  const filterBytes = packedRows * weightCount * 4;
  const columns = Math.min(columnBlock, roundUp(pixelCount, tile.columns));
  const patchesAt = spec.groups * filterBytes;
  const frameAt = patchesAt + columns * Math.min(depthBlock, weightCount) * 4;
  const edgeAt = frameAt + (placement ? roundUp(frameBytes(placement), 16) : 0);
  const blocks = { count: Math.ceil(weightCount / depthBlock), together: blocksTogether };
  const wideAt = roundUp(edgeAt + tile.rows * tile.columns * 4, 16);
  engine.reserve(wideAt + wideBytes(blocks, channels * columns), 'conv2d');

  const part = partBytes(spec);
  const [sourceBytes, targetBytes] = forward ? [part.x, part.y] : [part.y, part.x];
  const y = spec.y as Access;
  const [source, target] = forward ? [spec.x, y] : [y, spec.x];

  const packFilters = (workspace: number, w: number): void => {
    for (let g = 0; g < spec.groups; g++) {
      for (let p = 0; p < weightCount; p += depthBlock) {
        const deep = Math.min(depthBlock, weightCount - p);
        const to = workspace + g * filterBytes + packedRows * p * 4;
        if (filterLanes && filterDepths)
          gatherA(w + g * part.w, to, filterLanes.address, channels, filterDepths.address + p * 4, deep);
        else packA(w + g * part.w + p * 4, to, channels, deep, weightCount * 4, 4);
      }
    }
  };

  /** One image and group. */
  const imageOf = (g: number, from: number, to: number): void => {
    const { workspace } = engine;
    if (spread) spread(from, workspace + frameAt);
    const base = spread ? workspace + frameAt : from;
    for (let j = 0; j < pixelCount; j += columns) {
      const width = Math.min(columns, pixelCount - j);
      const c = to + j * 4;
      const rowStep = pixelCount * 4;
      const sums = { c, wide: workspace + wideAt, rows: channels, columns: width, rowStep };
      sumOfBlocks(kernels, sums, blocks, (block, accumulate) => {
        const p = block * depthBlock;
        const deep = Math.min(depthBlock, weightCount - p);
        const packed = workspace + patchesAt;
        gatherB(base, packed, pixels.address + j * 4, width, weights.address + p * 4, deep);
        const filter = workspace + g * filterBytes + packedRows * p * 4;
        multiply(filter, packed, c, channels, width, deep, rowStep, accumulate, workspace + edgeAt);
      });
    }
  };

  return () => {
    const { workspace } = engine;
    packFilters(workspace, engine.address(spec.w.binding) + spec.w.offset * 4);
    let from = engine.address(source.binding) + source.offset * 4;
    let to = engine.address(target.binding) + target.offset * 4;
    for (let image = 0; image < spec.batch; image++) {
      for (let g = 0; g < spec.groups; g++) {
        engine.serve(image * spec.groups + g, 1, () => imageOf(g, from, to));
        from += sourceBytes;
        to += targetBytes;
      }
    }
  };
}
