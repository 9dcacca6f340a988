/** Where taps of a convolution find pixels in a frame: the forward pass, and the input's gradient by phases of the stride. */
import type { Conv2dSpec } from '../../../kernel/spec.ts';
import { inside, type Frame } from './frames.ts';
import { channelsPerGroup } from './geometry.ts';

/** One convolution without strides. Depths run over [rows of taps, planes of the frame, columns of taps]. */
export interface TapPart {
  /** Pixels of its result. */
  readonly grid: readonly [height: number, width: number];
  /** The phase of the image that it computes. */
  readonly start: readonly [row: number, column: number];
  /** Byte offset in the frame of each depth from the pixel that is computed. */
  readonly taps: Int32Array<ArrayBuffer>;
  /** Byte offset of each depth in the filter of a channel. */
  readonly weights: Int32Array<ArrayBuffer>;
  /** For each row of pixels the depths whose rows of the frame are in the image. */
  readonly depths: readonly (readonly [first: number, end: number])[];
}

/** All of one pass. */
export interface TapPlan {
  readonly frame: Frame;
  /** Whether the image is its own frame. */
  readonly isImage: boolean;
  /** Whether taps meet zeros around the image, which only finite weights may: what is outside adds nothing. */
  readonly hasZeros: boolean;
  readonly parts: readonly TapPart[];
  /** Pixels from one of a part to the next, in rows and columns of the result. */
  readonly step: readonly [rows: number, columns: number];
  /** Channels of the result in a group, and bytes from the filter of one to that of the next. */
  readonly channels: number;
  readonly filterStep: number;
  /** Bytes from the filters of a group to those of the next. */
  readonly groupStep: number;
}

/** A tap along one axis: which it is of the filter, in which phase of the frame it looks, and how far along. */
interface AxisTap {
  readonly tap: number;
  readonly phase: number;
  readonly at: number;
}

/** A phase of the result along one axis. */
interface AxisPart {
  readonly start: number;
  readonly count: number;
  readonly taps: readonly AxisTap[];
}

/** The frame along one axis, and the phases of the result. */
interface Axis {
  readonly starts: readonly number[];
  readonly length: number;
  readonly parts: readonly AxisPart[];
}

function forwardAxis({ outSize, kernel, stride, dilation, padding }: Conv2dSpec, dim: 0 | 1): Axis {
  const [count, step] = [outSize[dim], stride[dim]];
  const reach = Array.from({ length: kernel[dim] }, (_, tap) => tap * dilation[dim]);
  const phases = [...new Set(reach.map((at) => at % step))].toSorted((a, b) => a - b);
  const taps = reach.map((at, tap) => ({ tap, phase: phases.indexOf(at % step), at: Math.floor(at / step) }));
  return {
    starts: phases.map((phase) => phase - padding[dim]),
    length: count + Math.max(...taps.map(({ at }) => at)),
    parts: [{ start: 0, count, taps }],
  };
}

/** Of the outputs that saw an input: input = output · stride + tap · dilation - padding. */
function inputAxis({ inSize, kernel, stride, dilation, padding }: Conv2dSpec, dim: 0 | 1): Axis {
  const step = stride[dim];
  const starts = Array.from({ length: Math.min(step, inSize[dim]) }, (_, start) => start);
  const found = starts.map((start) => ({
    start,
    count: Math.ceil((inSize[dim] - start) / step),
    taps: Array.from({ length: kernel[dim] }, (_, tap) => ({
      tap,
      phase: 0,
      at: (start + padding[dim] - tap * dilation[dim]) / step,
    })).filter(({ at }) => Number.isInteger(at)),
  }));
  const places = found.flatMap(({ taps }) => taps.map(({ at }) => at));
  // Padding may be all that outputs saw.
  const first = places.length === 0 ? 0 : Math.min(...places);
  return {
    starts: [first],
    length: Math.max(...found.map(({ count, taps }) => count + Math.max(0, ...taps.map(({ at }) => at - first)))),
    parts: found.map((part) => ({ ...part, taps: part.taps.map((tap) => ({ ...tap, at: tap.at - first })) })),
  };
}

/** Bytes. */
const word = 4;
const cacheLine = 64;

/** Whether the same pixel of all planes lies in few sets of a cache: planes of a power of two, for instance. */
function collides(planes: number, bytes: number): boolean {
  return planes > 8 && bytes % (cacheLine * 8) === 0;
}

/** Lays out a forward or input pass. */
export function tapPlan(spec: Conv2dSpec): TapPlan {
  const forward = spec.pass === 'forward';
  const { inputs, outputs } = channelsPerGroup(spec);
  const area = spec.kernel[0] * spec.kernel[1];
  const axisOf = forward ? forwardAxis : inputAxis;
  const [vertical, horizontal] = [axisOf(spec, 0), axisOf(spec, 1)];
  const planes = forward ? inputs : outputs;
  const size = forward ? spec.inSize : spec.outSize;
  const bytes = vertical.starts.length * horizontal.starts.length * vertical.length * horizontal.length * word;
  const isImage =
    [vertical, horizontal].every(
      ({ starts, length }, dim) => starts.length === 1 && starts[0] === 0 && length === size[dim],
    ) &&
    spec.stride.every((step) => step === 1) &&
    !collides(planes, bytes);
  const frame: Frame = {
    planes,
    size,
    frame: [vertical.length, horizontal.length],
    starts: [vertical.starts, horizontal.starts],
    step: forward ? spec.stride : [1, 1],
    planeStep: isImage ? bytes : (Math.ceil(bytes / cacheLine) | 1) * cacheLine,
  };
  // Bytes from plane to plane of the filters, of those of the frame.
  const filterPlane = (forward ? area : inputs * area) * word;
  const parts = vertical.parts.flatMap((rows) =>
    horizontal.parts.map((columns) => partOf(frame, filterPlane, rows, columns, spec)),
  );
  return {
    frame,
    isImage,
    hasZeros: [0, 1].some((dim) =>
      frame.starts[dim as 0 | 1].some((start) => {
        const [first, end] = inside(size[dim as 0 | 1], frame.frame[dim as 0 | 1], start, frame.step[dim as 0 | 1]);
        return first > 0 || end < frame.frame[dim as 0 | 1];
      }),
    ),
    parts,
    step: forward ? [1, 1] : spec.stride,
    channels: forward ? outputs : inputs,
    groupStep: inputs * outputs * area * word,
    filterStep: (forward ? inputs * area : area) * word,
  };
}

function partOf(
  { planes, size, frame, starts, step, planeStep }: Frame,
  filterPlane: number,
  rows: AxisPart,
  columns: AxisPart,
  { kernel }: Conv2dSpec,
): TapPart {
  const [taps, weights]: [number[], number[]] = [[], []];
  const [height, width] = frame;
  const columnPhases = starts[1].length;
  const inRow = planes * columns.taps.length;
  for (const row of rows.taps)
    for (let plane = 0; plane < planes; plane++)
      for (const column of columns.taps) {
        const phase = row.phase * columnPhases + column.phase;
        taps.push(plane * planeStep + ((phase * height + row.at) * width + column.at) * word);
        weights.push(plane * filterPlane + (row.tap * kernel[1] + column.tap) * word);
      }
  const seen = rows.taps.map(({ phase }) => inside(size[0], height, starts[0][phase] as number, step[0]));
  const depths = Array.from({ length: rows.count }, (_, row): [number, number] => {
    const isSeen = rows.taps.map(
      ({ at }, tap) => row + at >= (seen[tap]?.[0] ?? 0) && row + at < (seen[tap]?.[1] ?? 0),
    );
    return isSeen.includes(true) ? [isSeen.indexOf(true) * inRow, (isSeen.lastIndexOf(true) + 1) * inRow] : [0, 0];
  });
  return {
    grid: [rows.count, columns.count],
    start: [rows.start, columns.start],
    taps: Int32Array.from(taps),
    weights: Int32Array.from(weights),
    depths,
  };
}

/** The taps of a plan of one part in the order of the filter. */
export function naturalTaps({ parts: [part] }: TapPlan): Int32Array<ArrayBuffer> {
  const { taps, weights } = part as TapPart;
  const natural = new Int32Array(taps.length);
  for (const [depth, weight] of weights.entries()) natural[weight / 4] = taps[depth] as number;
  return natural;
}
