/**
 * Convolution with few channels in a group (depthwise above all) as generated loops, where rows are too narrow for vectors of
 * pixels: packed panels would be mostly padding. Images are framed as for the packed product, one image at a time.
 */
import type { Access, Binding, Conv2dSpec, LoopInstruction, LoopSpec } from '../../../kernel/spec.ts';
import type { Calls, Engine, WasmFunction } from '../engine.ts';
import { roundUp } from '../gemm/gemm.ts';
import { channelsPerGroup, paddedImage, spreadGradient } from './geometry.ts';
import { addSpread, frameBytes, type Spread } from './spread.ts';

/** Whether the product of a forward or input pass would have so few rows that loops are faster than panels. */
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

/** A loop over one framed image, which is binding 0, with the filters: sums of products, stored as images without a frame. `outer` is [groups, channels, rows, columns]. */
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

function forwardLoop(spec: Conv2dSpec, [height, width]: readonly [number, number]): LoopSpec {
  const { inputs, outputs } = channelsPerGroup(spec);
  const { stride, dilation, kernel, outSize } = spec;
  const [wGroup = 0, wOut = 0, wIn = 0, wRow = 0, wColumn = 0] = filterStrides(spec);
  const area = height * width;
  // [groups, outputs, rows, columns] by [inputs, kernel rows, kernel columns]
  return productLoop(
    { outer: [spec.groups, outputs, ...outSize], inner: [inputs, ...kernel] },
    {
      binding: 0,
      offset: 0,
      strides: [inputs * area, 0, stride[0] * width, stride[1], area, dilation[0] * width, dilation[1]],
    },
    { binding: 1, offset: 0, strides: [wGroup, wOut, 0, 0, wIn, wRow, wColumn] },
  );
}

function inputLoop(spec: Conv2dSpec, [height, width]: readonly [number, number]): LoopSpec {
  const { inputs, outputs } = channelsPerGroup(spec);
  const { dilation, kernel, inSize } = spec;
  const [wGroup = 0, wOut = 0, wIn = 0, wRow = 0, wColumn = 0] = filterStrides(spec);
  const area = height * width;
  // The filter is walked backwards: [groups, inputs, rows, columns] by [outputs, kernel rows, kernel columns]
  return productLoop(
    { outer: [spec.groups, inputs, ...inSize], inner: [outputs, ...kernel] },
    { binding: 0, offset: 0, strides: [outputs * area, 0, width, 1, area, dilation[0] * width, dilation[1]] },
    {
      binding: 1,
      offset: kernel[0] * kernel[1] - 1,
      strides: [wGroup, wIn, 0, 0, wOut, -wRow, -wColumn],
    },
  );
}

const loops = { forward: forwardLoop, input: inputLoop } as const;

/** The calls of a forward or input pass, for f32 operands of which none is empty. */
export function directCalls(spec: Conv2dSpec, engine: Engine): Calls {
  const pass = spec.pass === 'input' ? 'input' : 'forward';
  const [framed, written] = pass === 'input' ? (['y', 'x'] as const) : (['x', 'y'] as const);
  const sizes = {
    x: spec.inChannels * spec.inSize[0] * spec.inSize[1] * 4,
    y: spec.outChannels * spec.outSize[0] * spec.outSize[1] * 4,
  };
  const planes = framed === 'x' ? spec.inChannels : spec.outChannels;
  const perGroup = pass === 'input' ? spreadGradient(spec) : paddedImage(spec);
  const placement: Spread | undefined = perGroup && { ...perGroup, planes };
  const spread = placement && spreadFunction(engine, placement);
  const run = engine.loop(loops[pass](spec, placement?.frame ?? spec.inSize));
  engine.reserve(placement ? roundUp(frameBytes(placement), 16) : 0, 'conv2d');
  return () => {
    const addressOf = ({ binding, offset }: Access): number => engine.address(binding) + offset * 4;
    const [from, to, w] = [addressOf(spec[framed] as Access), addressOf(spec[written] as Access), addressOf(spec.w)];
    const frame = engine.workspace;
    for (let image = 0; image < spec.batch; image++) {
      const at = from + image * sizes[framed];
      engine.serve(image, 1, () => {
        if (spread) spread(at, frame);
        run.whole(spread ? frame : at, w, to + image * sizes[written]);
      });
    }
  };
}

/** Compiles one placement of images in frames. */
export function spreadFunction(engine: Engine, placement: Spread): WasmFunction {
  const { module } = engine.module();
  addSpread(module, 'spread', placement);
  return engine.instantiate(module)['spread'] as WasmFunction;
}
