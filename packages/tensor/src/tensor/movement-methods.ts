/** Movement: other views of the same elements. Nothing is copied until a kernel needs it. */
import {
  aCount,
  aNumber,
  anInteger,
  anObject,
  aPositiveInteger,
  check,
  checkOptions,
  either,
  listOf,
  oneOf,
  ruleOf,
  type OptionRules,
  type Rule,
} from '../arguments/rules.ts';
import { checkHolds } from '../arguments/numbers.ts';
import { aTensor } from '../arguments/types.ts';
import { ArgumentError, ShapeError } from '../errors.ts';
import { boundedNode, movementNode, shapedNode, storedNode } from '../graph/build.ts';
import { showLengths } from '../graph/lengths.ts';
import { Storage } from '../graph/storage.ts';
import { padOp, paddedShape, paddingAttributes, type Padding } from '../ops/indexed/pad.ts';
import { movementOps } from '../ops/movement.ts';
import { checkIndexNode } from '../runtime/index-checks.ts';
import {
  checkShape,
  normalizeAxes,
  normalizeAxis,
  sameShape,
  showShape,
  sizeOf,
  type Axes,
  type Shape,
} from '../shape/shape.ts';
import { windowCount, type Movement } from '../shape/layout.ts';
import { borderModes, withBorders, type BorderMode } from './borders.ts';
import { ofNothing } from './empty.ts';
import { ReductionMethods } from './reduction-methods.ts';
import type { Tensor } from './tensor.ts';
import { castNode, reshapeFrom, wrap } from './wrap.ts';

/** Options of sliding windows over trailing axes; one number serves all of them. */
export interface WindowOptions {
  readonly stride?: number | readonly number[];
  readonly dilation?: number | readonly number[];
}

const onePerAxis = either(aPositiveInteger, listOf(aPositiveInteger));
const windowOptions: OptionRules<WindowOptions> = { stride: onePerAxis, dilation: onePerAxis };
const integers = listOf(anInteger);
const counts = listOf(aCount);
/** Bounds per axis, of which some may be left open. */
const bounds: Rule<readonly (number | undefined)[]> = listOf(
  ruleOf('an integer or undefined', (bound) => bound === undefined || Number.isSafeInteger(bound)),
);
const widthPairs: Rule<Padding['widths']> = listOf(
  ruleOf('a pair of integers [before, after]', (pair) => integers.holds(pair) && pair.length === 2),
);

/** Where a slice lies, one number per axis. */
interface SliceParts {
  readonly start: readonly number[];
  readonly count: readonly number[];
  readonly step: readonly number[];
}

const sliceParts: OptionRules<SliceParts> = { start: integers, count: counts, step: integers };
const paddingParts: OptionRules<Padding> = { widths: widthPairs, interior: counts, value: aNumber };

/** What padding is made of. */
export interface PadOptions {
  /** Default: `constant`, a value. */
  readonly mode?: 'constant' | BorderMode;
  /** The value of mode `constant`. Default: 0. */
  readonly value?: number;
}

const padOptions: OptionRules<PadOptions> = { mode: oneOf('constant', ...borderModes), value: aNumber };

const lengthOutside = (length: number, size: number): ArgumentError =>
  new ArgumentError(
    'upTo',
    `the length is ${length}; along an axis of size ${size} it is an integer from 0 to ${size}`,
  );

/** Adds movement to a tensor. */
export abstract class MovementMethods extends ReductionMethods {
  /**
   * The same elements in another shape; one size may be -1 and follows from the rest.
   * @throws {ShapeError} if the counts differ.
   */
  reshape(...sizes: readonly number[] | readonly [Shape]): Tensor {
    const asked = integersOf('reshape', sizes);
    const unknown = asked.filter((size) => size === -1).length;
    const known = sizeOf(asked.filter((size) => size !== -1));
    if (unknown > 1)
      throw new ShapeError('reshape', `${showShape(asked)} leaves ${unknown} sizes open; give all but one`);
    const shape = asked.map((size) => (size === -1 ? this.size / known : size));
    if (sizeOf(shape) !== this.size || !shape.every(Number.isInteger))
      throw new ShapeError(
        'reshape',
        `${showShape(this.shape)} with ${this.size} elements does not fit ${showShape(asked)}; the product of sizes must be equal`,
      );
    return move(this, { kind: 'reshape', shape: checkShape('reshape', shape) });
  }

  /**
   * The first elements along an axis: as many as `length`, a scalar of integers, says when the value is computed. The shape
   * keeps the size, which is the most there can be; memory and strides are those of it, and elements beyond the length are
   * never computed or read (`data()` gives those within). A compiled step that is given the length as a tensor is recorded
   * once for all of them.
   *
   * Element-wise ops, reductions, softmax, products (of matrices in a format along the rows of x), `take`, `gather`, `concat`,
   * `stack`, permutations, and slices and reshapes that leave the axis whole take it; what does not, and tracked gradients,
   * are an ArgumentError.
   * @throws {ArgumentError} for a length that is known and not from 0 to the size (in a step that computes it, it is
   * clamped to that), and along an axis that has a length already.
   * @throws {ShapeError} for a length that is no scalar.
   *
   * @example
   * const scores = query.matmul(keys.upTo(0, length).t()).softmax();
   */
  upTo(axis: number, length: Tensor | number): Tensor {
    const along = normalizeAxis('upTo', axis, this.rank);
    const size = this.shape[along] as number;
    if (typeof length === 'number') {
      check('upTo', 'the length', length, aCount);
      if (length > size) throw lengthOutside(length, size);
      return this.narrow(along, 0, length);
    }
    check('upTo', 'the length', length, aTensor);
    if (length.size !== 1)
      throw new ShapeError('upTo', `the length is a tensor ${showShape(length.shape)}; give a scalar`);
    const within = { operation: 'upTo', size: size + 1, wrong: (value: number) => lengthOutside(value, size) };
    checkIndexNode(length.node, within);
    if (this.node.lengths?.[along])
      throw new ArgumentError('upTo', `axis ${along} of ${showLengths(this.node)} has a length already; give it once`);
    const node = length.rank === 0 ? length.node : length.reshape([]).node;
    return wrap(boundedNode(this.node, along, castNode(node, 'i32')));
  }

  /**
   * How many elements there are along an axis, an i32 scalar, where that is said by `upTo`; undefined where it is the size. What
   * is made beside this tensor has the same length by `upTo` of it.
   * @throws {ShapeError} for an axis that there is not.
   */
  lengthAlong(axis: number): Tensor | undefined {
    const along = normalizeAxis('lengthAlong', axis, this.rank);
    const length = this.node.lengths?.[along];
    return length && wrap(length);
  }

  /**
   * Axes from `start` to `end` (inclusive) joined into one; all of them by default.
   * @throws {ShapeError} for an axis that there is not, or a start behind the end.
   */
  flatten(start = 0, end = -1): Tensor {
    if (this.rank === 0) {
      // A scalar counts as one axis of size 1.
      for (const axis of [start, end]) normalizeAxis('flatten', axis, 1);
      return this.reshape(1);
    }
    const [from, to] = [normalizeAxis('flatten', start, this.rank), normalizeAxis('flatten', end, this.rank)];
    if (from > to) throw new ShapeError('flatten', `start ${start} lies behind end ${end}; swap them`);
    return this.reshape([
      ...this.shape.slice(0, from),
      sizeOf(this.shape.slice(from, to + 1)),
      ...this.shape.slice(to + 1),
    ]);
  }

  /**
   * Without the given axes of size 1; without all of them by default.
   * @throws {ShapeError} if a named axis is larger.
   */
  squeeze(axis?: Axes): Tensor {
    const axes =
      axis === undefined
        ? this.shape.flatMap((size, a) => (size === 1 ? [a] : []))
        : normalizeAxes('squeeze', axis, this.rank);
    const wide = axes.find((a) => this.shape[a] !== 1);
    if (wide !== undefined)
      throw new ShapeError(
        'squeeze',
        `axis ${wide} of ${showShape(this.shape)} has size ${this.shape[wide]}; only axes of size 1 can go`,
      );
    const left = [...this.shape.keys()].filter((a) => !axes.includes(a));
    const shape = left.map((a) => this.shape[a] as number);
    return reshapeFrom(this.node, shape, left);
  }

  /** With a new axis of size 1 at `axis`. */
  unsqueeze(axis: number): Tensor {
    const at = normalizeAxis('unsqueeze', axis, this.rank + 1);
    const from = [...this.shape.keys()];
    return reshapeFrom(this.node, this.shape.toSpliced(at, 0, 1), [...from.slice(0, at), undefined, ...from.slice(at)]);
  }

  /**
   * Axes in another order: axis d of the result is axis `axes[d]` of this tensor.
   * @throws {ShapeError} unless each is named once.
   */
  permute(...axes: readonly number[] | readonly [readonly number[]]): Tensor {
    const asked = integersOf('permute', axes);
    const order = asked.map((axis) => normalizeAxis('permute', axis, this.rank));
    if (order.length !== this.rank || new Set(order).size !== this.rank)
      throw new ShapeError(
        'permute',
        `[${asked.join(', ')}] does not name each axis of ${showShape(this.shape)} once; give all ${this.rank}`,
      );
    return move(this, { kind: 'permute', axes: order });
  }

  /** Two axes swapped. */
  transpose(a: number, b: number): Tensor {
    const [first, second] = [normalizeAxis('transpose', a, this.rank), normalizeAxis('transpose', b, this.rank)];
    return this.permute(this.shape.map((_, axis) => (axis === first ? second : axis === second ? first : axis)));
  }

  /**
   * The last two axes swapped.
   * @throws {ShapeError} below rank 2.
   */
  t(): Tensor {
    if (this.rank < 2)
      throw new ShapeError('t', `${showShape(this.shape)} has fewer than two axes; reshape to a row or column first`);
    return this.transpose(-1, -2);
  }

  /**
   * Repeated along axes of size 1, and along new leading axes, without a copy; -1 keeps a size.
   * @throws {ShapeError} where it does not broadcast.
   */
  expand(...sizes: readonly number[] | readonly [Shape]): Tensor {
    const asked = integersOf('expand', sizes);
    const added = asked.length - this.rank;
    const shape = asked.map((size, axis) => (size === -1 ? (this.shape[axis - added] ?? -1) : size));
    const fits = added >= 0 && this.shape.every((size, axis) => size === 1 || size === shape[axis + added]);
    if (!fits)
      throw new ShapeError(
        'expand',
        `${showShape(this.shape)} does not repeat to ${showShape(asked)}; only axes of size 1 and new leading axes can grow`,
      );
    return move(this, { kind: 'expand', shape: checkShape('expand', shape) });
  }

  /** The same as `expand`. */
  broadcastTo(shape: Shape): Tensor {
    return this.expand(shape);
  }

  /**
   * Elements from `start` (inclusive) to `stop` (exclusive) in steps of `step`, per axis; missing trailing axes are kept
   * whole. Bounds work as in Python: negative ones count from the end, and they are clipped to the axis. A negative step
   * walks backwards, by default from the last element.
   * @throws {ShapeError} for more bounds than axes.
   * @throws {ArgumentError} for bounds that are no integers, and for a step of 0.
   */
  slice(
    start: readonly (number | undefined)[],
    stop: readonly (number | undefined)[] = [],
    step: readonly (number | undefined)[] = [],
  ): Tensor {
    check('slice', 'start', start, bounds);
    check('slice', 'stop', stop, bounds);
    check('slice', 'step', step, bounds);
    if (Math.max(start.length, stop.length, step.length) > this.rank)
      throw new ShapeError(
        'slice',
        `${Math.max(start.length, stop.length, step.length)} bounds are given for ${showShape(this.shape)}; give at most ${this.rank}`,
      );
    const parts = this.shape.map((size, axis) => sliceAxis(size, start[axis], stop[axis], step[axis] ?? 1));
    return this.sliceWith({
      start: parts.map((part) => part.start),
      count: parts.map((part) => part.count),
      step: parts.map((part) => part.step),
    });
  }

  /**
   * Exactly the elements at start + i · step for i below count, per axis.
   * @throws {ShapeError} if one does not exist.
   * @throws {ArgumentError} for a step of 0.
   */
  sliceWith(part: SliceParts): Tensor {
    check<object>('slice', 'part', part, anObject);
    checkOptions('slice', part, sliceParts);
    for (const name of ['start', 'count', 'step'] as const)
      if (check('slice', name, part[name], name === 'count' ? counts : integers).length !== this.rank)
        throw new ShapeError(
          'slice',
          `${name} ${showShape(part[name])} must name each axis of ${showShape(this.shape)}`,
        );
    if (part.step.includes(0)) throw new ArgumentError('slice', `a step of ${showShape(part.step)} is 0; steps move`);
    for (const [axis, size] of this.shape.entries()) {
      const [start, count, step] = [part.start[axis] as number, part.count[axis] as number, part.step[axis] as number];
      const last = start + (count - 1) * step;
      if (count > 0 && (start < 0 || start >= size || last < 0 || last >= size))
        throw new ShapeError(
          'slice',
          `axis ${axis} of ${showShape(this.shape)} has no elements ${start} to ${last}; stay between 0 and ${size - 1}`,
        );
    }
    return move(this, { kind: 'slice', start: [...part.start], count: [...part.count], step: [...part.step] });
  }

  /**
   * `length` elements from `start` along one axis; a negative start counts from the end.
   * @throws {ShapeError} if one does not exist.
   */
  narrow(axis: number, start: number, length: number): Tensor {
    const along = normalizeAxis('narrow', axis, this.rank);
    const size = this.shape[along] as number;
    check('narrow', 'start', start, anInteger);
    check('narrow', 'length', length, aCount);
    const from = start < 0 ? start + size : start;
    if (from < 0 || from + length > size)
      throw new ShapeError(
        'narrow',
        `axis ${axis} of ${showShape(this.shape)} has no ${length} elements from ${start} on; it has ${size}`,
      );
    return this.sliceWith({
      start: this.shape.map((_, a) => (a === along ? from : 0)),
      count: this.shape.map((whole, a) => (a === along ? length : whole)),
      step: this.shape.map(() => 1),
    });
  }

  /**
   * One index along an axis, which vanishes; negative indices count from the end.
   * @throws {ShapeError} for an index that there is not.
   */
  select(axis: number, index: number): Tensor {
    const along = normalizeAxis('select', axis, this.rank);
    const size = this.shape[along] as number;
    check('select', 'index', index, anInteger);
    const at = index < 0 ? index + size : index;
    if (at < 0 || at >= size)
      throw new ShapeError(
        'select',
        `index ${index} does not exist along axis ${axis} of ${showShape(this.shape)}; use ${-size} to ${size - 1}`,
      );
    return this.narrow(along, at, 1).squeeze(along);
  }

  /** In reverse order along the axes; along all of them by default. */
  flip(axis?: Axes): Tensor {
    const axes = normalizeAxes('flip', axis, this.rank);
    return this.sliceWith({
      start: this.shape.map((size, a) => (axes.includes(a) ? Math.max(0, size - 1) : 0)),
      count: this.shape,
      step: this.shape.map((_, a) => (axes.includes(a) ? -1 : 1)),
    });
  }

  /**
   * Longer along the trailing axes by `widths`, [before, after] of each; negative widths crop. What is added is a value
   * (0 by default), or made of the axis itself: see BorderMode.
   * @throws {ShapeError} where the axis is too short for that.
   */
  pad(widths: readonly (readonly [before: number, after: number])[], filling: number | PadOptions = 0): Tensor {
    check('pad', 'widths', widths, widthPairs);
    const { mode = 'constant', value = 0 } =
      typeof filling === 'number' ? { value: filling } : checkOptions('pad', filling, padOptions);
    if (widths.length > this.rank)
      throw new ShapeError(
        'pad',
        `${widths.length} pairs of widths are given for ${showShape(this.shape)}; give at most ${this.rank}`,
      );
    const all = [...this.shape.slice(widths.length).map((): [number, number] => [0, 0]), ...widths];
    const grown = all.map(([before, after]) => [Math.max(0, before), Math.max(0, after)] as const);
    // What is mirrored or repeated is the whole axis, whatever is cropped of it; a circle is of what is left.
    if (mode === 'reflect' || mode === 'replicate') return withoutEdges(withBorders(wrap(this.node), grown, mode), all);
    if (mode === 'circular') return withBorders(withoutEdges(wrap(this.node), all), grown, mode);
    return withoutEdges(wrap(this.node), all).padWith({ widths: grown, interior: this.shape.map(() => 0), value });
  }

  /**
   * As `pad` for every axis, with `interior` elements between neighbours as well. Widths are not negative.
   * @throws {ShapeError} unless there is a pair of widths for each axis.
   */
  padWith(padding: Padding): Tensor {
    check<object>('pad', 'padding', padding, anObject);
    const { widths, interior, value } = checkOptions('pad', padding, paddingParts);
    check('pad', 'value', value, aNumber);
    check('pad', 'widths', widths, widthPairs);
    check('pad', 'widths', widths.flat(), counts);
    check('pad', 'interior', interior, counts);
    checkHolds('pad', value, this.dtype);
    if (widths.length !== this.rank || interior.length !== this.rank)
      throw new ShapeError('pad', `widths and interior must name each axis of ${showShape(this.shape)}`);
    const shape = checkShape('pad', paddedShape(this.shape, padding));
    if (sameShape(shape, this.shape)) return wrap(this.node);
    const self = wrap(this.node);
    if (this.size === 0) return ofNothing(self.filled(shape, value), [self]);
    return wrap(shapedNode(padOp, [this.node], paddingAttributes(padding), shape, this.dtype));
  }

  /** A tensor of another shape with every element `value`, of this dtype and device. */
  abstract filled(shape: Shape, value: number): Tensor;

  /** Repeated `repeats[d]` times along each axis; more repeats than axes add leading ones. */
  tile(repeats: readonly number[]): Tensor {
    check('tile', 'repeats', repeats, counts);
    const rank = Math.max(repeats.length, this.rank);
    const shape = [...new Array<number>(rank - this.rank).fill(1), ...this.shape];
    const times = [...new Array<number>(rank - repeats.length).fill(1), ...repeats];
    const spread = shape.flatMap((size) => [1, size]);
    const repeated = shape.flatMap((size, axis) => [times[axis] as number, size]);
    return this.reshape(spread)
      .expand(repeated)
      .reshape(shape.map((size, axis) => size * (times[axis] as number)));
  }

  /**
   * Each element `times` times in a row along an axis; a list says how often each one of its own.
   * @throws {ArgumentError} unless they are non-negative integers.
   * @throws {ShapeError} if the list is not as long as the axis.
   */
  repeatInterleave(times: number | readonly number[], axis: number): Tensor {
    const along = normalizeAxis('repeatInterleave', axis, this.rank);
    check('repeatInterleave', 'times', times, either(aCount, counts));
    if (typeof times === 'number') {
      const spread = this.unsqueeze(along + 1);
      return spread
        .expand(spread.shape.map((size, a) => (a === along + 1 ? times : size)))
        .reshape(this.shape.map((size, a) => (a === along ? size * times : size)));
    }
    if (times.length !== this.shape[along])
      throw new ShapeError(
        'repeatInterleave',
        `${times.length} counts are given for axis ${axis} of ${showShape(this.shape)}; give one for each element`,
      );
    const places = times.flatMap((count, at) => new Array<number>(count).fill(at));
    const bytes = new Uint8Array(Int32Array.from(places).buffer);
    const indices = wrap(storedNode(Storage.host(this.device, bytes), [places.length], 'i32'));
    return (this as unknown as Tensor).take(indices, along);
  }

  /**
   * Parts of `sizes` along an axis (the last one may be smaller when one number is given).
   * @throws {ShapeError} unless a list adds up.
   */
  split(sizes: number | readonly number[], axis = 0): Tensor[] {
    const along = normalizeAxis('split', axis, this.rank);
    const total = this.shape[along] as number;
    check('split', 'sizes', sizes, either(aPositiveInteger, counts));
    const list =
      typeof sizes === 'number'
        ? Array.from({ length: Math.ceil(total / sizes) }, (_, part) => Math.min(sizes, total - part * sizes))
        : sizes;
    const sum = list.reduce((a, b) => a + b, 0);
    if (sum !== total)
      throw new ShapeError(
        'split',
        `sizes [${list.join(', ')}] add up to ${sum}, but axis ${axis} of ${showShape(this.shape)} has ${total}`,
      );
    let start = 0;
    return list.map((size) => this.narrow(along, (start += size) - size, size));
  }

  /** `count` parts of nearly equal size along an axis, the larger ones first. */
  chunk(count: number, axis = 0): Tensor[] {
    const along = normalizeAxis('chunk', axis, this.rank);
    check('chunk', 'count', count, aPositiveInteger);
    return this.split(Math.max(1, Math.ceil((this.shape[along] as number) / count)), along);
  }

  /**
   * Sliding windows over the trailing axes: [..., size] becomes [..., positions, ..., kernel], as a view.
   * @throws {ArgumentError} for kernels that are no positive integers.
   * @throws {ShapeError} for a kernel of more axes, and for strides and dilations of another number of them.
   */
  windows(kernel: readonly number[], options: WindowOptions = {}): Tensor {
    check('windows', 'kernel', kernel, listOf(aPositiveInteger));
    checkOptions('windows', options, windowOptions);
    const each = (value: number | readonly number[] | undefined): readonly number[] =>
      typeof value === 'object' ? [...value] : kernel.map(() => value ?? 1);
    const [stride, dilation] = [each(options.stride), each(options.dilation)];
    if (kernel.length > this.rank || stride.length !== kernel.length || dilation.length !== kernel.length)
      throw new ShapeError(
        'windows',
        `kernel ${showShape(kernel)}, stride ${showShape(stride)} and dilation ${showShape(dilation)} must have equal length, at most the rank of ${showShape(this.shape)}`,
      );
    const lead = this.rank - kernel.length;
    // Windows side by side are a reshape, whose gradient is a view too.
    const adjacent = kernel.every((size, axis) => size === stride[axis] && dilation[axis] === 1);
    if (!adjacent) return move(this, { kind: 'windows', kernel: [...kernel], stride, dilation });
    const positions = kernel.map((size, axis) => windowCount(this.shape[lead + axis] as number, size, size, 1));
    const cropped = this.slice(
      [],
      [...this.shape.slice(0, lead), ...positions.map((count, axis) => count * (kernel[axis] as number))],
    );
    const blocks = cropped.reshape([
      ...this.shape.slice(0, lead),
      ...positions.flatMap((count, axis) => [count, kernel[axis] as number]),
    ]);
    const leading = this.shape.slice(0, lead).map((_, axis) => axis);
    return blocks.permute([
      ...leading,
      ...kernel.map((_, axis) => lead + 2 * axis),
      ...kernel.map((_, axis) => lead + 2 * axis + 1),
    ]);
  }
}

/** Integers given one by one or as an array. */
function integersOf(operation: string, values: readonly number[] | readonly [readonly number[]]): readonly number[] {
  const [first] = values;
  const list = values.length === 1 && typeof first !== 'number' ? first : values;
  return check(operation, operation === 'permute' ? 'axes' : 'sizes', list, integers);
}

function sliceAxis(
  size: number,
  start: number | undefined,
  stop: number | undefined,
  step: number,
): { start: number; count: number; step: number } {
  if (step === 0) throw new ArgumentError('slice', `the step is 0; it must be an integer other than 0`);
  const clip = (bound: number, low: number, high: number): number =>
    Math.min(Math.max(bound < 0 ? bound + size : bound, low), high);
  if (step > 0) {
    const [from, to] = [clip(start ?? 0, 0, size), clip(stop ?? size, 0, size)];
    return { start: from, count: Math.max(0, Math.ceil((to - from) / step)), step };
  }
  const from = clip(start ?? size - 1, -1, size - 1);
  const to = stop === undefined ? -1 : clip(stop, -1, size - 1);
  return { start: Math.max(from, 0), count: Math.max(0, Math.ceil((to - from) / step)), step };
}

/** Without as many elements as the negative widths say. */
function withoutEdges(x: Tensor, widths: readonly (readonly [before: number, after: number])[]): Tensor {
  const start = widths.map(([before]) => Math.max(0, -before));
  const count = widths.map(
    ([, after], axis) => (x.shape[axis] as number) - (start[axis] as number) - Math.max(0, -after),
  );
  if (count.some((size) => size < 0))
    throw new ShapeError('pad', `widths ${JSON.stringify(widths)} crop more than ${showShape(x.shape)} has`);
  return x.sliceWith({ start, count, step: x.shape.map(() => 1) });
}

function move(tensor: MovementMethods, movement: Movement): Tensor {
  return wrap(movementNode(movementOps[movement.kind], tensor.node, movement));
}
