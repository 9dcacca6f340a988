/**
 * Convolution and its gradients as packed matrix products, one image and group at a time. Patches are packed straight from
 * the image into the panels of the product.
 */
import { dtypes, type DType } from '../../../dtype/dtype.ts';
import type { Access, Binding, Conv2dSpec } from '../../../kernel/spec.ts';
import type { Calls, Engine, WasmFunction } from '../engine.ts';
import { onceAnEngine } from '../once-an-engine.ts';
import { fillKernel } from '../fill.ts';
import { blocksTogether, depthBlock, gemmKernels, roundUp, type GemmKernels } from '../gemm/gemm.ts';
import { accumulates, settle, sumOfBlocks, wideBytes } from '../gemm/wide-sums.ts';
import type { Table } from '../program/program.ts';
import { widenedCalls } from '../widen.ts';
import { directCalls, prefersLoops, spreadFunction } from './direct.ts';
import { addGatherPack } from './gather-pack.ts';
import { whereFinite } from './finite.ts';
import { laneCalls, lanesMeetZeros, prefersLanes } from './filter-gradient.ts';
import { prefersTaps, tapCalls } from './taps.ts';
import {
  channelsPerGroup,
  filterTables,
  gradientPatches,
  imagePatches,
  meetsZeros,
  paddedImage,
  spreadGradient,
} from './geometry.ts';
import { frameBytes } from './spread.ts';

/** Whether all operands are computed in f32, and there is no epilogue. */
export function acceptsConv2d(spec: Conv2dSpec): boolean {
  return spec.epilogue === undefined && spec.bindings.every((binding) => dtypes[binding.dtype].compute === 'f32');
}

/** The calls of one pass. */
export function conv2dCalls(spec: Conv2dSpec, engine: Engine): Calls {
  if (spec.bindings.some((binding) => binding.dtype !== 'f32')) return widenedConv(spec, engine);
  const sizes = operandSizes(spec);
  const written = writtenOperand[spec.pass];
  if (Object.values(sizes).includes(0)) return zeros(engine, spec[written] as Access, sizes[written]);
  if (prefersTaps(spec)) return tapCalls(spec, engine);
  const isLanes = prefersLanes(spec);
  const others = isLanes
    ? lanesMeetZeros(spec)
    : meetsZeros(spec)
      ? ([spec.pass === 'weight' ? 'y' : 'w'] as const)
      : [];
  const factors = others.map((name) => ({ access: spec[name] as Access, count: sizes[name] }));
  return whereFinite(spec, factors, engine, (isLanes ? laneCalls : otherCalls(spec))(spec, engine));
}

function otherCalls(spec: Conv2dSpec): (spec: Conv2dSpec, engine: Engine) => Calls {
  if (prefersLoops(spec)) return directCalls;
  return spec.pass === 'weight' ? weightCalls : imageCalls;
}

const writtenOperand = { forward: 'y', input: 'x', weight: 'w' } as const;

function operandSizes(spec: Conv2dSpec): Record<'x' | 'w' | 'y', number> {
  return {
    x: spec.batch * spec.inChannels * spec.inSize[0] * spec.inSize[1],
    w: spec.outChannels * channelsPerGroup(spec).inputs * spec.kernel[0] * spec.kernel[1],
    y: spec.batch * spec.outChannels * spec.outSize[0] * spec.outSize[1],
  };
}

function zeros(engine: Engine, access: Access, size: number): Calls {
  const fill = fillKernel(engine);
  return () => fill(engine.address(access.binding) + access.offset * 4, size * 4);
}

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
function imageCalls(spec: Conv2dSpec, engine: Engine): Calls {
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

/** Units that the weights of few groups are cut into at most, and products of a block that are worth a unit. */
const weightUnits = 8;
const unitProducts = 2 ** 16;

/** Weight pass: [outChannels, pixels] gradients times [pixels, weights] patches, summed over the images. */
function weightCalls(spec: Conv2dSpec, engine: Engine): Calls {
  const kernels = convKernels(engine);
  const { tile, gatherB, multiply, packA } = kernels;
  const { outputs } = channelsPerGroup(spec);
  const { groups, batch } = spec;
  const placement = paddedImage(spec);
  const spread = placement ? spreadFunction(engine, placement) : undefined;
  const patches = imagePatches(spec, placement?.frame ?? spec.inSize);
  const pixelCount = patches.pixels.length;
  const weightCount = patches.weights.length;
  const pixels = keepTable(engine, patches.pixels);
  const weights = keepTable(engine, patches.weights, tile.columns);

  const depth = Math.min(depthBlock, pixelCount);
  const worth = Math.floor((outputs * weightCount * depth) / unitProducts);
  const pieces = Math.max(1, Math.min(worth, Math.ceil(weightUnits / groups)));
  const columns = Math.min(columnBlock, roundUp(Math.ceil(weightCount / pieces), tile.columns));
  const units = Math.ceil(weightCount / columns);
  const patchesAt = roundUp(outputs, tile.rows) * depth * 4;
  const frameAt = patchesAt + columns * depth * 4;
  const edgeAt = frameAt + (placement ? roundUp(frameBytes(placement), 16) : 0);
  const blocksOfImage = Math.ceil(pixelCount / depth);
  const blocks = { count: batch * blocksOfImage, together: blocksTogether };
  const wideAt = roundUp(edgeAt + tile.rows * tile.columns * 4, 16);
  engine.reserve(wideAt + wideBytes(blocks, outputs * weightCount), 'conv2d');
  const part = partBytes(spec);
  const rowStep = weightCount * 4;

  return () => {
    const { workspace } = engine;
    const packed = workspace + patchesAt;
    const address = (access: Access): number => engine.address(access.binding) + access.offset * 4;
    const [x, y, w] = [address(spec.x), address(spec.y as Access), address(spec.w)];
    for (let g = 0; g < groups; g++) {
      const first = g * units;
      for (let block = 0; block < blocks.count; block++) {
        const place = Math.floor(block / blocksOfImage) * groups + g;
        const p = (block % blocksOfImage) * depth;
        const deep = Math.min(depth, pixelCount - p);
        const image = x + place * part.x;
        engine.serve(first, units, () => {
          if (spread && p === 0) spread(image, workspace + frameAt);
          packA(y + place * part.y + p * 4, workspace, outputs, deep, pixelCount * 4, 4);
        });
        const base = spread ? workspace + frameAt : image;
        for (let j = 0; j < weightCount; j += columns) {
          const width = Math.min(columns, weightCount - j);
          const c = w + g * part.w + j * 4;
          const wide = workspace + wideAt + outputs * j * 8;
          const adds = accumulates(blocks, block);
          engine.serve(first + j / columns, 1, () => {
            gatherB(base, packed, weights.address + j * 4, width, pixels.address + p * 4, deep);
            multiply(workspace, packed, c, outputs, width, deep, rowStep, adds, workspace + edgeAt);
            settle(kernels, { c, wide, rows: outputs, columns: width, rowStep }, blocks, block);
          });
        }
      }
    }
  };
}

/** Convolution of 16-bit floats through f32 copies. */
function widenedConv(spec: Conv2dSpec, engine: Engine): Calls {
  const sizes = operandSizes(spec);
  const written = writtenOperand[spec.pass];
  const names = [...(['x', 'w', 'y'] as const).filter((name) => name !== written), written];
  const dtypeOf = (access: Access): DType => (spec.bindings[access.binding] as Binding).dtype;
  const operands = names.map((name) => ({
    access: { ...(spec[name] as Access), strides: [1] },
    sizes: [sizes[name]],
    dtype: dtypeOf(spec[name] as Access),
  }));
  return widenedCalls(engine, operands, (accesses) => {
    // Operands of convolutions are contiguous, as their copies are.
    const strided = (name: 'x' | 'w' | 'y', i: number): Access => ({
      ...(accesses[i] as Access),
      strides: (spec[name] as Access).strides,
    });
    const wide = Object.fromEntries(names.map((name, i) => [name, strided(name, i)])) as Record<
      'x' | 'w' | 'y',
      Access
    >;
    const bindings = names.map((name): Binding => ({ dtype: 'f32', access: name === written ? 'write' : 'read' }));
    return conv2dCalls({ ...spec, ...wide, bindings }, engine);
  });
}
