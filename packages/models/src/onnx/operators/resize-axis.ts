/** Resizing along one axis: which elements each position is made of, and with which weights. */

/** How an axis is resized. */
export interface AxisResize {
  readonly from: number;
  readonly to: number;
  readonly scale: number;
  /** The part of the axis that is looked at, in parts of it; for `tf_crop_and_resize`. */
  readonly start: number;
  readonly end: number;
}

/** What stays the same from axis to axis. */
export interface ResizeMode {
  readonly mode: 'nearest' | 'linear' | 'cubic';
  readonly coordinates: string;
  readonly nearest: string;
  readonly cubic: number;
  readonly excludeOutside: boolean;
  readonly antialias: boolean;
}

/** Steps are rounded as those of floats: at the edge between two pixels that decides which is meant. */
const f = Math.fround;
const centred = (x: number, scale: number): number => f(f(f(x + 0.5) / f(scale)) - 0.5);

/** Where a position of the result lies on the axis that it is made of. */
export const coordinateModes: Readonly<Record<string, (x: number, axis: AxisResize) => number>> = {
  half_pixel: (x, { scale }) => centred(x, scale),
  half_pixel_symmetric: (x, { scale, from, to }) => {
    const adjustment = to / (from * scale);
    return (from / 2) * (1 - adjustment) + centred(x, scale);
  },
  pytorch_half_pixel: (x, { scale, to }) => (to > 1 ? centred(x, scale) : 0),
  align_corners: (x, { from, to, scale }) => {
    const length = Number.isInteger(from * scale) ? to : from * scale;
    return length === 1 ? 0 : f(f(x * (from - 1)) / f(length - 1));
  },
  asymmetric: (x, { scale }) => f(x / f(scale)),
  tf_half_pixel_for_nn: (x, { scale }) => f(f(x + 0.5) / f(scale)),
  tf_crop_and_resize: (x, { from, to, start, end }) =>
    to > 1 ? start * (from - 1) + (x * (end - start) * (from - 1)) / (to - 1) : 0.5 * (start + end) * (from - 1),
};

/** Which of two neighbours is the nearest. */
export const nearestModes: Readonly<Record<string, (x: number) => number>> = {
  round_prefer_floor: (x) => Math.ceil(x - 0.5),
  round_prefer_ceil: (x) => Math.floor(x + 0.5),
  floor: Math.floor,
  ceil: Math.ceil,
};

/** The weight of an element at a distance. Source of the cubic one: R. Keys, 1981. */
const kernels = {
  linear: (distance: number): number => Math.max(0, 1 - Math.abs(distance)),
  cubic: (distance: number, a: number): number => {
    const x = Math.abs(distance);
    if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
    return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
  },
};

/** A position of the result: the elements it is made of, by place and weight; none where it lies outside. */
export type Mix = readonly (readonly [place: number, weight: number])[];

/** What each position along an axis is made of; undefined for those that lie outside of the axis, where that counts. */
export function mixes(axis: AxisResize, mode: ResizeMode): (Mix | undefined)[] {
  const { from, to, scale } = axis;
  const at = coordinateModes[mode.coordinates] as (x: number, axis: AxisResize) => number;
  const clamp = (place: number): number => Math.min(Math.max(place, 0), from - 1);
  return Array.from({ length: to }, (_, position) => {
    const x = at(position, axis);
    if (mode.coordinates === 'tf_crop_and_resize' && (x < 0 || x > from - 1)) return undefined;
    if (mode.mode === 'nearest') return [[clamp((nearestModes[mode.nearest] as (x: number) => number)(x)), 1]];
    // With antialias a smaller image is made of wider windows.
    const stretch = mode.antialias ? Math.min(scale, 1) : 1;
    const reach = (mode.mode === 'linear' ? 1 : 2) / stretch;
    const taps: [number, number][] = [];
    for (let place = Math.ceil(x - reach); place <= Math.floor(x + reach); place++) {
      const weight =
        mode.mode === 'linear'
          ? kernels.linear((place - x) * stretch)
          : kernels.cubic((place - x) * stretch, mode.cubic);
      const isOutside = place < 0 || place >= from;
      if (weight !== 0 && !(isOutside && mode.excludeOutside)) taps.push([clamp(place), weight]);
    }
    const sum = taps.reduce((total, [, weight]) => total + weight, 0);
    return mode.antialias || mode.excludeOutside ? taps.map(([place, weight]) => [place, weight / sum] as const) : taps;
  });
}
