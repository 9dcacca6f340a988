/** Gradients of filters with few channels in a group, image by image: their planes are framed, and multiplied where they lie. */
import type { Access, Conv2dSpec } from '../../../kernel/spec.ts';
import { call, i32, op, type Callable, type Expression } from '../assembler/expression.ts';
import type { ModuleBuilder } from '../assembler/module-builder.ts';
import type { Calls, Engine, WasmFunction } from '../engine.ts';
import { fillKernel } from '../fill.ts';
import { gemmKernels, roundUp } from '../gemm/gemm.ts';
import { floatProducts } from '../gemm/multiply.ts';
import { chooseTile } from '../gemm/tile.ts';
import { accumulates, settle, wideBytes } from '../gemm/wide-sums.ts';
import { addFraming, type Frame } from './frames.ts';
import { channelsPerGroup } from './geometry.ts';
import { addLaneSums, blockVectors, laneTiles } from './lane-sums.ts';
import { pixelCycles } from './pixel-gradient.ts';
import { naturalTaps, tapPlan, type TapPlan } from './tap-geometry.ts';

/** Blocks that add up in f32. */
const blocksTogether = 32;
/** Blocks of an image at most. */
const mostBlocks = 192;
/** Units that gradients are cut into where there are so many channels. */
const fewUnits = 8;

/** Planes of gradients beside the frame of an image: how a weight pass walks them. */
interface Walk {
  readonly plan: TapPlan;
  /** The gradients with room between the rows, as long as those of the image's frame; undefined: as they are. */
  readonly spaced: Frame | undefined;
  readonly rows: number;
  readonly vectors: number;
  readonly gap: number;
  readonly planeStep: number;
}

function walkOf(spec: Conv2dSpec): Walk {
  const plan = tapPlan({ ...spec, pass: 'forward' });
  const [height, width] = spec.outSize;
  const [, frameWidth] = plan.frame.frame;
  const { outputs } = channelsPerGroup(spec);
  const isEven = width % 4 === 0;
  const gap = (frameWidth - width) * 4;
  if (isEven) return { plan, spaced: undefined, rows: height, vectors: width / 4, gap, planeStep: height * width * 4 };
  const vectors = Math.ceil(((height - 1) * frameWidth + width) / 4);
  const planeStep = (Math.ceil(Math.max(vectors * 16, height * frameWidth * 4) / 64) | 1) * 64;
  const spaced: Frame = {
    planes: outputs,
    size: spec.outSize,
    frame: [height, frameWidth],
    starts: [[0], [0]],
    step: [1, 1],
    planeStep,
  };
  return { plan, spaced, rows: 1, vectors, gap: 0, planeStep };
}

const blocksOf = ({ rows, vectors, gap }: Walk): number =>
  gap === 0
    ? Math.ceil((rows * vectors) / blockVectors)
    : Math.ceil(rows / Math.max(1, Math.floor(blockVectors / vectors)));

/** Factors that meet zeros which are not theirs: gradients those around an image, an image those between rows of gradients. */
export function lanesMeetZeros(spec: Conv2dSpec): readonly ('x' | 'y')[] {
  const { plan, spaced } = walkOf(spec);
  return [...(plan.hasZeros ? (['y'] as const) : []), ...(spaced ? (['x'] as const) : [])];
}

/** Whether this is faster than sums over pixels, in cycles: of few outputs there most lanes are empty, here each block has more to do at its end. */
export function prefersLanes(spec: Conv2dSpec): boolean {
  if (spec.pass !== 'weight') return false;
  const walk = walkOf(spec);
  if (walk.vectors > blockVectors && walk.gap > 0) return false;
  const blocks = blocksOf(walk);
  if (blocks > mostBlocks) return false;
  const { inputs, outputs } = channelsPerGroup(spec);
  const taps = inputs * spec.kernel[0] * spec.kernel[1];
  const pixels = spec.outSize[0] * spec.outSize[1];
  const { vectors, rows, gap } = walk;
  const round = outputs === 1 ? 3.25 : 4.25;
  const { tiles } = tilesOf(taps, outputs === 1 ? laneTiles[1].taps : laneTiles[0].taps);
  const lanes = Math.ceil(outputs / 2) * tiles * (rows * (vectors * round + (gap > 0 ? 6 : 0)) + blocks * 40);
  const copies = (inputs + outputs) * pixels * 0.5;
  return lanes + copies < pixelCycles(spec);
}

/** Taps in tiles that are as even as can be: so many of one size, the others one smaller. */
function tilesOf(
  taps: number,
  most: number,
): { readonly tiles: number; readonly size: number; readonly large: number } {
  const tiles = Math.ceil(taps / most);
  const size = Math.ceil(taps / tiles);
  return { tiles, size, large: taps - tiles * (size - 1) };
}

const add = (a: Expression, b: Expression | number): Expression => op('i32.add', a, typeof b === 'number' ? i32(b) : b);

/** What a unit computes: all filters of some groups, or some of one group. */
function unitOf(outputs: number, groups: number): { readonly groups: number; readonly outputs: number } {
  if (groups >= fewUnits) return { groups: Math.ceil(groups / Math.min(groups, 2 * fewUnits)), outputs };
  const parts = Math.ceil(fewUnits / groups);
  return { groups: 1, outputs: Math.min(outputs, Math.ceil(outputs / parts / 2) * 2) };
}

/** The calls of a weight pass, for f32 operands of which none is empty. */
export function laneCalls(spec: Conv2dSpec, engine: Engine): Calls {
  const walk = walkOf(spec);
  const { plan, spaced } = walk;
  const { inputs, outputs } = channelsPerGroup(spec);
  const { groups, batch } = spec;
  const taps = inputs * spec.kernel[0] * spec.kernel[1];
  const bytes: ModuleBytes = {
    x: inputs * spec.inSize[0] * spec.inSize[1] * 4,
    y: outputs * spec.outSize[0] * spec.outSize[1] * 4,
    filter: taps * 4,
    // Behind a frame its last vectors read on.
    spacedAt: roundUp(plan.frame.planes * plan.frame.planeStep + 64, 64),
  };
  const wideAt = bytes.spacedAt + roundUp(spaced ? spaced.planes * spaced.planeStep : 0, 64);
  const inUnit = unitOf(outputs, groups);
  const parts = Math.ceil(outputs / inUnit.outputs);
  const blocks = { count: batch, together: Math.max(1, Math.floor(blocksTogether / blocksOf(walk))) };
  const unitWide = wideBytes(blocks, inUnit.groups * inUnit.outputs * taps);
  engine.reserve(wideAt + unitWide * Math.ceil(groups / inUnit.groups) * parts, 'conv2d');
  const kernels = gemmKernels(engine);
  const functions = engine.instantiate(
    makeModule(engine, walk, { outputs, taps, bytes, table: engine.keepTable(naturalTaps(plan), 'conv2d').address }),
  );
  const named = (name: string): WasmFunction => functions[name] as WasmFunction;
  const fill = fillKernel(engine);

  return () => {
    const { workspace } = engine;
    const address = ({ binding, offset }: Access): number => engine.address(binding) + offset * 4;
    const [x, y, w] = [address(spec.x), address(spec.y as Access), address(spec.w)];
    /** Adds the gradients of one image to those that a unit computes. */
    const addImage = (unit: number, image: number, g: number): void => {
      const count = Math.min(inUnit.groups, groups - g);
      const first = (unit % parts) * inUnit.outputs;
      const rows = Math.min(inUnit.outputs, outputs - first);
      const c = w + (g * outputs + first) * bytes.filter;
      const wide = workspace + wideAt + unit * unitWide;
      const [xAt, yAt] = [x + (image * groups + g) * bytes.x, y + (image * groups + g) * bytes.y];
      const adds = accumulates(blocks, image);
      if (parts === 1) named('unit')(xAt, yAt, c, count, adds, workspace);
      else named('part')(xAt, yAt, c, first, rows, adds, workspace);
      settle(kernels, { c, wide, rows: 1, columns: count * rows * taps, rowStep: 0 }, blocks, image);
    };
    fill(workspace, wideAt);
    for (let g = 0, unit = 0; g < groups; g += inUnit.groups, unit += parts) {
      for (let image = 0; image < batch; image++) {
        const place = image * groups + g;
        if (parts > 1)
          engine.serve(unit, parts, () => named('frames')(x + place * bytes.x, y + place * bytes.y, workspace));
        for (let part = 0; part < parts; part++) engine.serve(unit + part, 1, () => addImage(unit + part, image, g));
      }
    }
  };
}

interface ModuleBytes {
  readonly x: number;
  readonly y: number;
  readonly filter: number;
  /** Where gradients with room between their rows are in the workspace. */
  readonly spacedAt: number;
}

interface ModulePlan {
  readonly outputs: number;
  readonly taps: number;
  readonly bytes: ModuleBytes;
  readonly table: number;
}

/**
 * frames(x, y, workspace): copies what has to be. part(x, y, filters, first, outputs, accumulate, workspace): gradients of some
 * filters of a group from its frames. unit(x, y, filters, groups, accumulate, workspace): both, of all filters of some groups.
 */
function makeModule(engine: Engine, walk: Walk, { outputs, taps, bytes, table }: ModulePlan): ModuleBuilder {
  const { module } = engine.module();
  const { plan, spaced } = walk;
  // What is read behind the last row is only there in a frame.
  const isFramed = !plan.isImage || spaced !== undefined;
  const framing = isFramed ? addFraming(module, 'framing', plan.frame) : undefined;
  const spacing = spaced ? addFraming(module, 'spacing', spaced) : undefined;
  const frames = module.function('frames', ['i32', 'i32', 'i32'], 'none', true);
  {
    const [x, y, workspace] = frames.arguments;
    if (framing) frames.do(call(framing, x, workspace));
    if (spacing) frames.do(call(spacing, y, add(workspace, bytes.spacedAt)));
  }
  const part = addPart(module, walk, { outputs, taps, bytes, table }, isFramed);
  const f = module.function('unit', ['i32', 'i32', 'i32', 'i32', 'i32', 'i32'], 'none', true);
  const [x, y, filters, groups, accumulate, workspace] = f.arguments;
  f.repeat(groups, () => {
    f.do(call(frames, x, y, workspace));
    f.do(call(part, x, y, filters, i32(0), i32(outputs), accumulate, workspace));
    f.increase(x, bytes.x);
    f.increase(y, bytes.y);
    f.increase(filters, outputs * bytes.filter);
  });
  return module;
}

function addPart(
  module: ModuleBuilder,
  { spaced, rows, vectors, gap, planeStep }: Walk,
  { outputs, taps, bytes, table }: ModulePlan,
  isFramed: boolean,
): Callable {
  const f = module.function('part', ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'], 'none', true);
  const [x, y, filters, first, count, accumulate, workspace] = f.arguments;
  const frame = isFramed ? workspace : x;
  const gradients = f.let(add(spaced ? add(workspace, bytes.spacedAt) : y, op('i32.mul', first, i32(planeStep))));
  const products = floatProducts(chooseTile());
  const panel = (together: number): void => {
    const { tiles, size, large } = tilesOf(taps, together === 1 ? laneTiles[1].taps : laneTiles[0].taps);
    const shape = { outputs: together, rows, vectors, gap, planeStep, filterStep: bytes.filter };
    const sums = (width: number, from: number, some: number): void => {
      if (some === 0) return;
      const kernel = addLaneSums(module, `sums${together}x${width}`, { ...shape, taps: width }, products);
      f.do(call(kernel, frame, gradients, add(filters, from * 4), i32(table + from * 4), i32(some), accumulate));
    };
    sums(size, 0, large);
    sums(size - 1, large * size, tiles - large);
    f.increase(gradients, together * planeStep);
    f.increase(filters, together * bytes.filter);
  };
  if (outputs === 1) panel(1);
  else f.repeatTogether(count, 2, panel);
  return f;
}
