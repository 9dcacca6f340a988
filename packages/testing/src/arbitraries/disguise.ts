/**
 * Disguises: ways to store a tensor so that it is a view of something else, with the same logical content. An op must
 * not notice. The stored tensor is larger (slices and steps leave gaps, filled with a value that shows when read),
 * permuted, flipped, or smaller (expanded).
 */
import fc from 'fast-check';
import { dtypes, type DType, type Shape, type Tensor } from '@espalier/tensor';
import { anyPermutation } from './shape.ts';

/** How one stored axis holds its elements. */
export interface AxisDisguise {
  /** Elements before the first and after the last that the view leaves out. */
  readonly before: number;
  readonly after: number;
  /** Distance between neighbours; those between are left out. */
  readonly step: number;
  readonly flipped: boolean;
}

/** A way to store a tensor as a view. */
export interface Disguise {
  /** Axes stored once and broadcast; the content is constant along them. */
  readonly expanded: readonly boolean[];
  /** The order in which axes are stored. */
  readonly order: readonly number[];
  /** One for each stored axis. */
  readonly axes: readonly AxisDisguise[];
}

/** What is stored, for a given content. */
export interface Stored {
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

const plainAxis: AxisDisguise = { before: 0, after: 0, step: 1, flipped: false };

/** No disguise: contiguous. */
export function plain(rank: number): Disguise {
  return {
    expanded: new Array<boolean>(rank).fill(false),
    order: Array.from({ length: rank }, (_, axis) => axis),
    axes: Array.from({ length: rank }, () => plainAxis),
  };
}

/** A disguise for a tensor of rank `rank`; shrinks towards plain storage. */
export function anyDisguise(rank: number): fc.Arbitrary<Disguise> {
  const often = <T>(ordinary: T, arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T> =>
    fc.oneof({ arbitrary: fc.constant(ordinary), weight: 2 }, { arbitrary, weight: 1 });
  const padding = often(0, fc.nat({ max: 2 }));
  const axis = fc.record({
    before: padding,
    after: padding,
    step: often(1, fc.integer({ min: 1, max: 3 })),
    flipped: often(false, fc.boolean()),
  });
  const perAxis = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T[]> =>
    fc.array(arbitrary, { minLength: rank, maxLength: rank });
  const identity = plain(rank);
  return fc.record({
    expanded: perAxis(often(false, often(false, fc.boolean()))),
    order: often<readonly number[]>(identity.order, anyPermutation(rank)),
    axes: perAxis(axis),
  });
}

/** The shape whose values determine the content: expanded axes have size 1 (or 0, if they have no elements). */
export function coreShape(disguise: Disguise, shape: Shape): number[] {
  return shape.map((size, axis) => (disguise.expanded[axis] === true ? Math.min(1, size) : size));
}

/** The content of the view, row-major in `shape`, given the values of its core. */
export function contentOf(disguise: Disguise, shape: Shape, core: readonly number[]): number[] {
  const strides = rowMajor(coreShape(disguise, shape)).map((stride, axis) =>
    disguise.expanded[axis] === true ? 0 : stride,
  );
  return indices(shape).map((index) => core[dot(index, strides)] ?? Number.NaN);
}

/** What has to be stored for the view to show `core`. */
export function storedOf(disguise: Disguise, dtype: DType, shape: Shape, core: readonly number[]): Stored {
  const cut = coreShape(disguise, shape);
  const storedShape = disguise.order.map((axis, position) => storedSize(cut[axis] ?? 1, disguise.axes[position]));
  const values = new Array<number>(storedShape.reduce((size, dimension) => size * dimension, 1)).fill(gapValue(dtype));
  const strides = rowMajor(storedShape);
  for (const [position, index] of indices(cut).entries()) {
    const at = disguise.order.map((axis, place) => storedIndex(index[axis] ?? 0, cut[axis] ?? 1, disguise.axes[place]));
    values[dot(at, strides)] = core[position] ?? Number.NaN;
  }
  return { shape: storedShape, values };
}

/** Applies the view to the stored tensor: slices and flips, then the inverse permutation, then the broadcast. */
export function unveil(disguise: Disguise, shape: Shape, stored: Tensor): Tensor {
  const cut = coreShape(disguise, shape);
  const places = disguise.order.map((axis, place) => ({
    size: cut[axis] ?? 1,
    ...(disguise.axes[place] ?? plainAxis),
  }));
  let view = stored;
  if (places.some(({ before, after, step }) => before > 0 || after > 0 || step > 1)) {
    view = view.slice(
      places.map(({ before }) => before),
      places.map(({ before, size, step }) => (size === 0 ? before : before + (size - 1) * step + 1)),
      places.map(({ step }) => step),
    );
  }
  const flipped = places.flatMap((place, axis) => (place.flipped ? [axis] : []));
  if (flipped.length > 0) view = view.flip(flipped);
  if (disguise.order.some((axis, place) => axis !== place))
    view = view.permute(...shape.map((_, axis) => disguise.order.indexOf(axis)));
  return disguise.expanded.includes(true) ? view.expand(shape) : view;
}

/** A few words for error messages; empty for plain storage. */
export function describeDisguise(disguise: Disguise): string {
  const { expanded, order, axes } = disguise;
  const which = (flags: readonly boolean[]): string => flags.flatMap((flag, axis) => (flag ? [axis] : [])).join(', ');
  return [
    axes.some(({ before, after }) => before > 0 || after > 0)
      ? `sliced from [${axes.map(({ before, after }) => `${before}+…+${after}`).join(', ')}]`
      : '',
    axes.some(({ step }) => step > 1) ? `stepped by [${axes.map(({ step }) => step).join(', ')}]` : '',
    axes.some(({ flipped }) => flipped) ? `stored axes ${which(axes.map(({ flipped }) => flipped))} flipped` : '',
    order.some((axis, place) => axis !== place) ? `stored in axis order [${order.join(', ')}]` : '',
    expanded.includes(true) ? `axes ${which(expanded)} expanded` : '',
  ]
    .filter((words) => words !== '')
    .join(', ');
}

/** Shows up in any result that reads a gap. */
function gapValue(dtype: DType): number {
  return { float: Number.NaN, signed: -113, unsigned: 113, bool: 1 }[dtypes[dtype].kind];
}

function storedSize(size: number, axis: AxisDisguise = plainAxis): number {
  return axis.before + (size === 0 ? 0 : (size - 1) * axis.step + 1) + axis.after;
}

function storedIndex(index: number, size: number, axis: AxisDisguise = plainAxis): number {
  return axis.before + (axis.flipped ? size - 1 - index : index) * axis.step;
}

function rowMajor(shape: Shape): number[] {
  const strides: number[] = [];
  let stride = 1;
  for (const size of shape.toReversed()) {
    strides.unshift(stride);
    stride *= size;
  }
  return strides;
}

function dot(index: readonly number[], strides: readonly number[]): number {
  return index.reduce((sum, step, axis) => sum + step * (strides[axis] ?? 0), 0);
}

/** Every index of a shape, row-major. */
function indices(shape: Shape): number[][] {
  return shape.reduce<number[][]>(
    (prefixes, size) => prefixes.flatMap((prefix) => Array.from({ length: size }, (_, next) => [...prefix, next])),
    [[]],
  );
}
