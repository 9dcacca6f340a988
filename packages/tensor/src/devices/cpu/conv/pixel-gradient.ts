/** Gradients of filters with many outputs in a group, in blocks of pixels of one image after the other. */
import type { Access, Conv2dSpec } from '../../../kernel/spec.ts';
import type { Calls, Engine, WasmFunction } from '../engine.ts';
import { fillKernel } from '../fill.ts';
import { blocksTogether, depthBlock, gemmKernels, roundUp } from '../gemm/gemm.ts';
import { floatProducts } from '../gemm/multiply.ts';
import { addPack } from '../gemm/pack.ts';
import { accumulates, settle, wideBytes } from '../gemm/wide-sums.ts';
import { addFraming } from './frames.ts';
import { channelsPerGroup } from './geometry.ts';
import { addPixelSums, addPlacingSums, outputsTogether, tapsTogether, tileBytes } from './pixel-sums.ts';
import { naturalTaps, tapPlan } from './tap-geometry.ts';

/** Units that the weights of few groups are cut into at most, and products of a block that are worth a unit. */
const mostUnits = 8;
const unitProducts = 2 ** 16;

/** Roughly the cycles that one image and group take. */
export function pixelCycles(spec: Conv2dSpec): number {
  const { inputs, outputs } = channelsPerGroup(spec);
  const taps = inputs * spec.kernel[0] * spec.kernel[1];
  const pixels = spec.outSize[0] * spec.outSize[1];
  const tiles = Math.ceil(outputs / outputsTogether) * Math.ceil(taps / tapsTogether);
  return tiles * (pixels * 4 + Math.ceil(pixels / depthBlock) * 30) + (outputs + inputs) * pixels * 0.5 + 500;
}

/** The calls of a weight pass, for f32 operands of which none is empty. */
export function pixelCalls(spec: Conv2dSpec, engine: Engine): Calls {
  const kernels = gemmKernels(engine);
  const plan = tapPlan({ ...spec, pass: 'forward' });
  const { inputs, outputs } = channelsPerGroup(spec);
  const { groups, batch } = spec;
  const [height, width] = spec.outSize;
  const pixelCount = height * width;
  const taps = naturalTaps(plan);
  const tiles = Math.ceil(taps.length / tapsTogether);
  const padded = new Int32Array(tiles * tapsTogether).fill(taps[0] ?? 0);
  padded.set(taps);
  const tapTable = engine.keepTable(padded, 'conv2d').address;
  const frameWidth = plan.frame.frame[1];
  const places = Int32Array.from(
    { length: pixelCount },
    (_, pixel) => (Math.floor(pixel / width) * frameWidth + (pixel % width)) * 4,
  );
  const pixelTable = engine.keepTable(places, 'conv2d').address;

  const depth = Math.min(depthBlock, pixelCount);
  const blocksOfImage = Math.ceil(pixelCount / depth);
  const blocks = { count: batch * blocksOfImage, together: blocksTogether };
  const panels = Math.ceil(outputs / outputsTogether);
  const worth = Math.floor((outputs * taps.length * depth) / unitProducts);
  const units = Math.max(1, Math.min(worth, tiles, Math.ceil(mostUnits / groups)));
  const inUnit = Math.ceil(tiles / units);
  const sumBytes = panels * tileBytes;

  const frameBytes = plan.isImage ? 0 : plan.frame.planes * plan.frame.planeStep;
  const packedAt = roundUp(frameBytes, 64);
  const sumsAt = packedAt + panels * outputsTogether * depth * 4;
  const wideAt = sumsAt + tiles * sumBytes;
  engine.reserve(wideAt + wideBytes(blocks, (tiles * sumBytes) / 4), 'conv2d');

  const { module } = engine.module();
  addPack(module, 'pack', outputsTogether);
  addPixelSums(module, 'sums', panels, floatProducts(kernels.tile));
  addPlacingSums(module, 'place', outputs, taps.length * 4);
  if (!plan.isImage) addFraming(module, 'frame', plan.frame);
  const functions = engine.instantiate(module);
  const named = (name: string): WasmFunction => functions[name] as WasmFunction;
  const fill = fillKernel(engine);
  const xBytes = inputs * spec.inSize[0] * spec.inSize[1] * 4;
  const yBytes = outputs * pixelCount * 4;

  return () => {
    const { workspace } = engine;
    const address = ({ binding, offset }: Access): number => engine.address(binding) + offset * 4;
    const [x, y, w] = [address(spec.x), address(spec.y as Access), address(spec.w)];
    const packed = workspace + packedAt;
    if (!plan.isImage) fill(workspace, frameBytes);
    for (let g = 0; g < groups; g++) {
      const first = g * units;
      for (let block = 0; block < blocks.count; block++) {
        const place = Math.floor(block / blocksOfImage) * groups + g;
        const p = (block % blocksOfImage) * depth;
        const deep = Math.min(depth, pixelCount - p);
        const image = x + place * xBytes;
        engine.serve(first, units, () => {
          if (!plan.isImage && p === 0) named('frame')(image, workspace);
          named('pack')(y + place * yBytes + p * 4, packed, outputs, deep, pixelCount * 4, 4);
        });
        for (let unit = 0, tile = 0; tile < tiles; unit++, tile += inUnit) {
          const count = Math.min(inUnit, tiles - tile);
          const c = workspace + sumsAt + tile * sumBytes;
          const sums = { c, wide: workspace + wideAt + tile * sumBytes * 2, rows: 1, rowStep: 0 };
          const frame = plan.isImage ? image : workspace;
          const adds = accumulates(blocks, block);
          engine.serve(first + unit, 1, () => {
            const from = tapTable + tile * tapsTogether * 4;
            named('sums')(frame, packed, c, from, count, pixelTable + p * 4, deep, adds);
            settle(kernels, { ...sums, columns: (count * sumBytes) / 4 }, blocks, block);
            if (block < blocks.count - 1) return;
            const done = tile * tapsTogether;
            const filters = w + (g * outputs * taps.length + done) * 4;
            named('place')(c, filters, Math.min(count * tapsTogether, taps.length - done));
          });
        }
      }
    }
  };
}
