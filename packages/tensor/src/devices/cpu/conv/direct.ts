/**
 * Convolution with few channels in a group (depthwise above all) as generated loops: packed panels would be mostly padding.
 * Images are framed as for the packed product, one image at a time; weight gradients add up over the images.
 */
import type { Access, Binding, Conv2dSpec, LoopInstruction, LoopSpec } from '../../../kernel/spec.ts';
import type { Calls, Engine, WasmFunction } from '../engine.ts';
import { fillKernel } from '../fill.ts';
import { gemmKernels, roundUp } from '../gemm/gemm.ts';
import { sumOfBlocks, wideBytes } from '../gemm/wide-sums.ts';
import { channelsPerGroup, paddedImage, spreadGradient } from './geometry.ts';
import { addSpread, frameBytes, type Spread } from './spread.ts';

/** Images whose weight gradients add up in f32 before the sum goes to a wide one. */
const imagesTogether = 64;

/** Whether the product would have so few rows that loops are faster than panels. */
export function prefersLoops(spec: Conv2dSpec): boolean {
  const { inputs, outputs } = channelsPerGroup(spec);
  return (spec.pass === 'input' ? inputs : outputs) <= 2;
}

/** Strides over [groups, outputs, inputs, kernel height, kernel width] of the filters. */
function filterStrides(spec: Conv2dSpec): readonly number[] {
  const { inputs, outputs } = channelsPerGroup(spec);
  const [height, width] = spec.kernel;
  const area = height * width;
  return [outputs * inputs * area, inputs * area, area, width, 1];
}

const f32 = (access: Binding['access']): Binding => ({ dtype: 'f32', access });
const load = (access: Access): LoopInstruction => ({ kind: 'load', access, dtype: 'f32' });
const multiply: LoopInstruction = { kind: 'scalar', op: 'mul', args: [0, 1], dtype: 'f32' };
const sum: LoopInstruction = { kind: 'reduce', op: 'sum', arg: 2, dtype: 'f32' };

/** A loop over one framed image; binding 0 is the frame. */
interface ImageLoop {
  readonly spec: LoopSpec;
  /** Which operands bindings 1 and 2 are. */
  readonly operands: readonly ['w' | 'y', 'w' | 'x' | 'y'];
}

/** Sums of products, stored as images without a frame. `outer` is [groups, channels, rows, columns]. */
function productLoop({ outer, inner }: Pick<LoopSpec, 'outer' | 'inner'>, a: Access, b: Access): LoopSpec {
  const [, channels = 1, rows = 1, columns = 1] = outer;
  const pixels = rows * columns;
  const result: Access = { binding: 2, offset: 0, strides: [channels * pixels, pixels, columns, 1, 0, 0, 0] };
  return {
    kind: 'loop',
    bindings: [f32('read'), f32('read'), f32('write')],
    outer,
    inner,
    body: [load(a), load(b), multiply, sum, { kind: 'store', access: result, arg: 3, each: 'row' }],
  };
}

function forwardLoop(spec: Conv2dSpec, [height, width]: readonly [number, number]): ImageLoop {
  const { inputs, outputs } = channelsPerGroup(spec);
  const { stride, dilation, kernel, outSize } = spec;
  const [wGroup = 0, wOut = 0, wIn = 0, wRow = 0, wColumn = 0] = filterStrides(spec);
  const area = height * width;
  // [groups, outputs, rows, columns] by [inputs, kernel rows, kernel columns]
  return {
    spec: productLoop(
      { outer: [spec.groups, outputs, ...outSize], inner: [inputs, ...kernel] },
      {
        binding: 0,
        offset: 0,
        strides: [inputs * area, 0, stride[0] * width, stride[1], area, dilation[0] * width, dilation[1]],
      },
      { binding: 1, offset: 0, strides: [wGroup, wOut, 0, 0, wIn, wRow, wColumn] },
    ),
    operands: ['w', 'y'],
  };
}

function inputLoop(spec: Conv2dSpec, [height, width]: readonly [number, number]): ImageLoop {
  const { inputs, outputs } = channelsPerGroup(spec);
  const { dilation, kernel, inSize } = spec;
  const [wGroup = 0, wOut = 0, wIn = 0, wRow = 0, wColumn = 0] = filterStrides(spec);
  const area = height * width;
  // The filter is walked backwards: [groups, inputs, rows, columns] by [outputs, kernel rows, kernel columns]
  return {
    spec: productLoop(
      { outer: [spec.groups, inputs, ...inSize], inner: [outputs, ...kernel] },
      { binding: 0, offset: 0, strides: [outputs * area, 0, width, 1, area, dilation[0] * width, dilation[1]] },
      {
        binding: 1,
        offset: kernel[0] * kernel[1] - 1,
        strides: [wGroup, wIn, 0, 0, wOut, -wRow, -wColumn],
      },
    ),
    operands: ['w', 'x'],
  };
}

function weightLoop(spec: Conv2dSpec, [height, width]: readonly [number, number]): ImageLoop {
  const { inputs, outputs } = channelsPerGroup(spec);
  const { stride, dilation, kernel, outSize } = spec;
  const area = height * width;
  const pixels = outSize[0] * outSize[1];
  // [groups, outputs, inputs, kernel rows, kernel columns] by [rows, columns]
  const w: Access = { binding: 2, offset: 0, strides: [...filterStrides(spec), 0, 0] };
  const body: LoopInstruction[] = [
    load({
      binding: 0,
      offset: 0,
      strides: [inputs * area, 0, area, dilation[0] * width, dilation[1], stride[0] * width, stride[1]],
    }),
    load({ binding: 1, offset: 0, strides: [outputs * pixels, pixels, 0, 0, 0, outSize[1], 1] }),
    multiply,
    sum,
    load(w),
    { kind: 'scalar', op: 'add', args: [3, 4], dtype: 'f32' },
    { kind: 'store', access: w, arg: 5, each: 'row' },
  ];
  const loop: LoopSpec = {
    kind: 'loop',
    bindings: [f32('read'), f32('read'), f32('readwrite')],
    outer: [spec.groups, outputs, inputs, ...kernel],
    inner: outSize,
    body,
  };
  return { spec: loop, operands: ['y', 'w'] };
}

const loops = { forward: forwardLoop, input: inputLoop, weight: weightLoop } as const;

/** The calls of one pass, for f32 operands of which none is empty. */
export function directCalls(spec: Conv2dSpec, engine: Engine): Calls {
  const framed = spec.pass === 'input' ? 'y' : 'x';
  const sizes = {
    x: spec.inChannels * spec.inSize[0] * spec.inSize[1] * 4,
    w: 0,
    y: spec.outChannels * spec.outSize[0] * spec.outSize[1] * 4,
  };
  const planes = framed === 'x' ? spec.inChannels : spec.outChannels;
  const perGroup = spec.pass === 'input' ? spreadGradient(spec) : paddedImage(spec);
  const placement: Spread | undefined = perGroup && { ...perGroup, planes };
  const spread = placement && spreadFunction(engine, placement);
  const loop = loops[spec.pass](spec, placement?.frame ?? spec.inSize);
  const run = engine.loop(loop.spec);
  const fill = fillKernel(engine);
  const [second, third] = loop.operands;
  const weightSize = (spec.outChannels * spec.inChannels * spec.kernel[0] * spec.kernel[1]) / spec.groups;
  const kernels = gemmKernels(engine);
  const adds = spec.pass === 'weight';
  // Only weight gradients add up over the images.
  const blocks = { count: adds ? spec.batch : 0, together: imagesTogether };
  const wideAt = placement ? roundUp(frameBytes(placement), 16) : 0;
  engine.reserve(wideAt + wideBytes(blocks, weightSize), 'conv2d');
  return () => {
    const address = { x: 0, w: 0, y: 0 };
    const addressOf = ({ binding, offset }: Access): number => engine.address(binding) + offset * 4;
    for (const name of ['x', 'w', 'y'] as const) address[name] = addressOf(spec[name] as Access);
    const frame = engine.workspace;
    const sums = { c: address.w, wide: frame + wideAt, rows: 1, columns: weightSize, rowStep: 0 };
    const imageOf = (image: number, accumulate: 0 | 1): void => {
      const at = { ...address, x: address.x + image * sizes.x, y: address.y + image * sizes.y };
      if (adds && accumulate === 0) fill(address.w, weightSize * 4);
      if (spread) spread(at[framed], frame);
      run.whole(spread ? frame : at[framed], at[second], at[third]);
    };
    if (adds) sumOfBlocks(kernels, sums, blocks, imageOf);
    else for (let image = 0; image < spec.batch; image++) engine.serve(image, 1, () => imageOf(image, 0));
  };
}

/** Compiles one placement of images in frames. */
export function spreadFunction(engine: Engine, placement: Spread): WasmFunction {
  const { module } = engine.module();
  addSpread(module, 'spread', placement);
  return engine.instantiate(module)['spread'] as WasmFunction;
}
