/** Reading images between their pixels: grids, regions. */
import { concat, type Shape, type Tensor } from '@espalier/tensor';
import type { Call } from '../run/call.ts';
import { operator, type Operator } from '../run/operator.ts';
import { countOf, stridesOf } from '../values/host-array.ts';
import { OnnxTensor } from '../values/value.ts';

/** What is read beyond the edges. */
type Border = 'zeros' | 'border' | 'reflection';

/** A pixel along an axis, and with how much weight it counts: [batch, points] each. */
interface Tap {
  readonly at: Tensor;
  readonly weight: Tensor | undefined;
}

/** Mirrored at both ends until it lies between them. */
function reflected(x: Tensor, low: number, high: number): Tensor {
  const range = high - low;
  if (range === 0) return x.mul(0).add(low);
  const turn = x.sub(low).remainder(2 * range);
  return turn.minimum(turn.neg().add(2 * range)).add(low);
}

/** The weights of four neighbours at a distance from the second. Source: R. Keys, 1981, with a = -0.75. */
function cubicWeights(t: Tensor): Tensor[] {
  const a = -0.75;
  const near = (x: Tensor): Tensor =>
    x
      .mul(a + 2)
      .sub(a + 3)
      .mul(x)
      .mul(x)
      .add(1);
  const far = (x: Tensor): Tensor => x.sub(5).mul(x).add(8).mul(x).sub(4).mul(a);
  return [far(t.add(1)), near(t), near(t.neg().add(1)), far(t.neg().add(2))];
}

/** The taps of positions along an axis of a size. */
function tapsOf(x: Tensor, size: number, mode: string, border: Border, corners: boolean): Tap[] {
  const [low, high] = corners ? [0, size - 1] : [-0.5, size - 0.5];
  const rounded = mode === 'nearest' ? x.round() : x;
  const inside =
    border === 'border'
      ? rounded.clamp(0, size - 1)
      : border === 'reflection'
        ? reflected(rounded, low, high)
        : rounded;
  const pixel = (at: Tensor, weight: Tensor | undefined): Tap => {
    const mirrored = border === 'reflection' ? reflected(at, low, high).trunc() : at;
    const place = mirrored.clamp(0, size - 1).cast('i32');
    if (border !== 'zeros') return { at: place, weight };
    const isThere = at
      .ge(0)
      .logicalAnd(at.le(size - 1))
      .cast(x.dtype);
    return { at: place, weight: weight ? weight.mul(isThere) : isThere };
  };
  if (mode === 'nearest') return [pixel(inside.detach(), undefined)];
  const first = inside.detach().floor();
  const rest = inside.sub(first);
  if (mode === 'linear') return [pixel(first, rest.neg().add(1)), pixel(first.add(1), rest)];
  return cubicWeights(rest).map((weight, index) => pixel(first.add(index - 1), weight));
}

/** All combinations of taps, one of each axis: Σ weight · pixel, [batch, channels, points]. */
function sampled(x: Tensor, taps: readonly (readonly Tap[])[], points: number): Tensor {
  const [batch, channels, ...sizes] = x.shape as [number, number, ...number[]];
  const flat = x.reshape([batch, channels, countOf(sizes)]);
  const strides = stridesOf(sizes);
  const walk = (axis: number, at: Tensor | undefined, weight: Tensor | undefined): Tensor => {
    const axisTaps = taps[axis];
    if (!axisTaps) {
      const index = (at as Tensor).unsqueeze(1).expand([batch, channels, points]);
      const pixels = flat.gather(2, index);
      return weight ? pixels.mul(weight.unsqueeze(1)) : pixels;
    }
    const parts = axisTaps.map((tap) => {
      const step = tap.at.mul(strides[axis] as number);
      const both = weight && tap.weight ? weight.mul(tap.weight) : (weight ?? tap.weight);
      return walk(axis + 1, at ? at.add(step) : step, both);
    });
    return parts.reduce((sum, part) => sum.add(part));
  };
  return walk(0, undefined, undefined);
}

const modes: Readonly<Record<string, string>> = {
  bilinear: 'linear',
  linear: 'linear',
  nearest: 'nearest',
  bicubic: 'cubic',
  cubic: 'cubic',
};

const gridSample = operator('GridSample', (call) => {
  const { type } = call.input(0);
  const [x, grid] = [call.tensor(0), call.tensor(1)];
  const corners = call.truth('align_corners');
  const border = call.text('padding_mode', 'zeros') as Border;
  const mode =
    modes[call.text('mode', 'linear')] ??
    call.refuse(`samples by '${call.text('mode', 'linear')}', which there is not`);
  const sizes = x.shape.slice(2);
  const places = grid.shape.slice(1, -1);
  const batch = x.shape[0] as number;
  const taps = sizes.map((size, axis) => {
    // The last coordinate is that of the first axis.
    const given = grid.narrow(grid.rank - 1, sizes.length - 1 - axis, 1).reshape([batch, countOf(places)]);
    const position = corners
      ? given.add(1).mul((size - 1) / 2)
      : given
          .add(1)
          .mul(size / 2)
          .sub(0.5);
    return tapsOf(position, size, mode, border, corners);
  });
  const y = sampled(x, taps, countOf(places));
  return call.give(type, y.reshape([batch, x.shape[1] as number, ...places]));
});

/** Positions of a grid from -1 to 1, and a 1 behind them: [points, axes + 1], the last axis first. */
function baseGrid(call: Call, sizes: Shape, corners: boolean): Tensor {
  const along = sizes.map((size) =>
    Array.from({ length: size }, (_, index) =>
      corners ? (size === 1 ? 0 : -1 + (2 * index) / (size - 1)) : -1 + (2 * index + 1) / size,
    ),
  );
  const strides = stridesOf(sizes);
  const rows = Array.from({ length: countOf(sizes) }, (_, point) => [
    ...sizes
      .map((size, axis) => (along[axis] as number[])[Math.floor(point / (strides[axis] as number)) % size] as number)
      .toReversed(),
    1,
  ]);
  return OnnxTensor.numbers('f32', rows.flat(), [rows.length, sizes.length + 1]).tensor(call.device);
}

const affineGrid = operator('AffineGrid', (call) => {
  const theta = call.tensor(0);
  const [batch = 0, , ...sizes] = call.numbers(1) ?? call.refuse('has no size');
  const base = baseGrid(call, sizes, call.truth('align_corners')).cast(theta.dtype);
  const y = base.matmul(theta.permute([0, 2, 1]));
  return call.give(call.input(0).type, y.reshape([batch, ...sizes, sizes.length]));
});

/** Samples along an axis of a region: of each bin as many, as pairs of neighbouring pixels with weights. */
interface AxisSamples {
  readonly bins: number;
  readonly each: number;
  readonly low: number[];
  readonly high: number[];
  readonly lowWeight: number[];
  readonly highWeight: number[];
}

function samplesOf(start: number, length: number, bins: number, ratio: number, size: number): AxisSamples {
  const bin = length / bins;
  const each = ratio > 0 ? ratio : Math.max(1, Math.ceil(bin));
  const samples: AxisSamples = { bins, each, low: [], high: [], lowWeight: [], highWeight: [] };
  for (let index = 0; index < bins * each; index++) {
    const at = start + Math.floor(index / each) * bin + (((index % each) + 0.5) * bin) / each;
    const isOutside = at < -1 || at > size;
    const inside = Math.max(at, 0);
    const low = Math.min(Math.floor(inside), size - 1);
    const rest = low >= size - 1 ? 0 : inside - low;
    samples.low.push(low);
    samples.high.push(Math.min(low + 1, size - 1));
    samples.lowWeight.push(isOutside ? 0 : 1 - rest);
    samples.highWeight.push(isOutside ? 0 : rest);
  }
  return samples;
}

/** Means of samples are a product with a matrix for each axis: [bins, size]. */
function meanMatrix(call: Call, { bins, each, low, high, lowWeight, highWeight }: AxisSamples, size: number): Tensor {
  const weights = new Array<number>(bins * size).fill(0);
  for (const [index, place] of low.entries()) {
    const row = Math.floor(index / each) * size;
    weights[row + place] = (weights[row + place] as number) + (lowWeight[index] as number) / each;
    const next = row + (high[index] as number);
    weights[next] = (weights[next] as number) + (highWeight[index] as number) / each;
  }
  return OnnxTensor.numbers('f32', weights, [bins, size]).tensor(call.device);
}

/** The largest of all weighted pixels that samples are made of. */
function largestSample(call: Call, image: Tensor, [rows, columns]: readonly [AxisSamples, AxisSamples]): Tensor {
  const indices = (places: readonly number[]): Tensor => OnnxTensor.numbers('i64', places).tensor(call.device);
  const weights = (values: readonly number[]): Tensor => OnnxTensor.numbers('f32', values).tensor(call.device);
  const channels = image.shape[0] as number;
  const corner = (y: 'low' | 'high', x: 'low' | 'high'): Tensor =>
    image
      .take(indices(rows[y]), 1)
      .take(indices(columns[x]), 2)
      .mul(
        weights(rows[`${y}Weight`])
          .unsqueeze(1)
          .mul(weights(columns[`${x}Weight`])),
      )
      .reshape([channels, rows.bins, rows.each, columns.bins, columns.each])
      .max([2, 4]);
  return [corner('low', 'low'), corner('low', 'high'), corner('high', 'low'), corner('high', 'high')].reduce((a, b) =>
    a.maximum(b),
  );
}

/** Regions are read: how many samples there are depends on how large they are. */
const roiAlign = operator('RoiAlign', (call) => {
  const { type } = call.input(0);
  const x = call.tensor(0);
  const [, channels, height, width] = x.shape as [number, number, number, number];
  const [rois, batches] = [call.numbers(1) ?? [], call.numbers(2) ?? []];
  const [bins, ratio, scale] = [
    [call.real('output_height', 1), call.real('output_width', 1)] as const,
    call.real('sampling_ratio', 0),
    call.real('spatial_scale', 1),
  ];
  const half = call.version >= 16 && call.text('coordinate_transformation_mode', 'half_pixel') === 'half_pixel';
  const parts = batches.map((batch, index) => {
    const [x1, y1, x2, y2] = rois.slice(index * 4, index * 4 + 4).map((value) => value * scale - (half ? 0.5 : 0)) as [
      number,
      number,
      number,
      number,
    ];
    const length = (from: number, to: number): number => (half ? to - from : Math.max(1, to - from));
    const rows = samplesOf(y1, length(y1, y2), bins[0], ratio, height);
    const columns = samplesOf(x1, length(x1, x2), bins[1], ratio, width);
    const image = x.select(0, batch);
    if (call.text('mode', 'avg') === 'max') return largestSample(call, image, [rows, columns]);
    return meanMatrix(call, rows, height)
      .cast(x.dtype)
      .matmul(image)
      .matmul(meanMatrix(call, columns, width).cast(x.dtype).t());
  });
  const [first, ...rest] = parts.map((part) => part.reshape([1, channels, ...bins]));
  if (!first) return call.give(type, x.filled([0, channels, ...bins], 0));
  return call.give(type, concat([first, ...rest]));
});

/** Columns of windows back to an image: what lies in several windows is added up. */
const columnsToImage = operator('Col2Im', (call) => {
  const x = call.tensor(0);
  const [image, kernel] = [call.numbers(1) ?? [], call.numbers(2) ?? []];
  const ones = kernel.map(() => 1);
  const [stride, dilation] = [call.list('strides', ones), call.list('dilations', ones)];
  const pads = call.list(
    'pads',
    [...ones, ...ones].map(() => 0),
  );
  const batch = x.shape[0] as number;
  const places = countOf(kernel);
  const channels = (x.shape[1] as number) / places;
  const padded = image.map((size, axis) => size + (pads[axis] as number) + (pads[axis + kernel.length] as number));
  const out = padded.map(
    (size, axis) =>
      Math.floor((size - ((kernel[axis] as number) - 1) * (dilation[axis] as number) - 1) / (stride[axis] as number)) +
      1,
  );
  const windows = x.reshape([batch, channels, places, ...out]);
  const strides = stridesOf(kernel);
  let sum: Tensor | undefined;
  for (let place = 0; place < places; place++) {
    const offsets = kernel.map(
      (size, axis) => (Math.floor(place / (strides[axis] as number)) % size) * (dilation[axis] as number),
    );
    const widths = padded.map((size, axis): [number, number] => {
      const reach = ((out[axis] as number) - 1) * (stride[axis] as number) + 1;
      return [offsets[axis] as number, size - reach - (offsets[axis] as number)];
    });
    const part = windows.select(2, place).padWith({
      widths: [[0, 0], [0, 0], ...widths],
      interior: [0, 0, ...stride.map((step) => step - 1)],
      value: 0,
    });
    sum = sum ? sum.add(part) : part;
  }
  const crop = pads
    .slice(0, kernel.length)
    .map((before, axis): [number, number] => [-before, -(pads[axis + kernel.length] as number)]);
  return call.give(call.input(0).type, (sum as Tensor).pad(crop));
});

/** Sampling. */
export const samplingOperators: readonly Operator[] = [gridSample, affineGrid, roiAlign, columnsToImage];
