/** Turns a fused group into one loop kernel: the scalar meaning of its members, and how each value is read and written. */
import { dtypes, type ComputeDType, type DType } from '../dtype/dtype.ts';
import type { Node } from '../graph/node.ts';
import { InternalError } from '../errors.ts';
import { loopBody } from '../kernel/loop-body.ts';
import type { Access, Binding, Limit, LoopInstruction } from '../kernel/spec.ts';
import type { IndexedOp, Op } from '../graph/op.ts';
import * as s from '../scalar/expression.ts';
import type { Expression } from '../scalar/expression.ts';
import { isHalf, roundedTo } from '../scalar/half-rounding.ts';
import type { Layout } from '../shape/layout.ts';
import { contiguousStrides, sameShape, type Shape } from '../shape/shape.ts';
import { rowShape, type Group } from './fuse.ts';
import type { GraphView } from './graph-view.ts';
import type { Source, Sources } from './sources.ts';

/** A loop kernel before its dimensions are collapsed; `buffers[i]` says what binding i is. */
export interface EmittedLoop {
  readonly bindings: readonly Binding[];
  readonly buffers: readonly number[];
  readonly outer: readonly number[];
  readonly inner: readonly number[];
  readonly body: readonly LoopInstruction[];
  readonly limits?: readonly Limit[];
}

/** What the caller decides about a group. */
export interface EmitOptions {
  /** Members whose values leave the kernel, by position. */
  readonly stored: readonly number[];
  /** Buffers that come first in the bindings, whether the body reads them or not. */
  readonly leading?: readonly Binding[];
  readonly leadingBuffers?: readonly number[];
  /** A base whose value is the accumulator of the contraction this group is the epilogue of. */
  readonly accumulator?: number;
  /** Stored members that overwrite the given leaf in place. */
  readonly inPlace: ReadonlyMap<number, number>;
}

const narrowings: Readonly<Partial<Record<DType, Expression>>> = {
  u8: s.and(s.argument(0, 'u32'), 255),
  i8: s.shr(s.shl(s.argument(0, 'i32'), 24), 24),
  f16: roundedTo('f16', s.argument(0, 'f32')),
  bf16: roundedTo('bf16', s.argument(0, 'f32')),
};

const readsExactly = (op: Op): boolean => op.family === 'elementwise' && op.exact === true;

/** Emits the loop of a group over a graph. */
export function emitGroup(
  view: GraphView,
  { roles, sources, copies }: Sources,
  group: Group,
  options: EmitOptions,
): EmittedLoop {
  const { space, axes, limits: ends } = group.loop ?? { space: [], axes: [] };
  const members = new Set(group.members);
  const outerAxes = space.flatMap((_, axis) => (axes.includes(axis) ? [] : [axis]));
  const order = [...outerAxes, ...axes];
  const rows = rowShape(space, axes);
  const body = loopBody();
  const bindings: Binding[] = [...(options.leading ?? [])];
  const buffers: number[] = [...(options.leadingBuffers ?? [])];
  const bindingOf = new Map<number, number>();
  const values = new Map<number, number>();
  const narrowed = new Map<number, number>();

  const nodeAt = (position: number): Node => view.nodes[position] as Node;
  const computeOf = (position: number): ComputeDType => dtypes[nodeAt(position).dtype].compute;
  /** Strides in loop order. A row value's layout has size 1 along the reduced axes: it does not move there. */
  const inLoopOrder = (shape: Shape, strides: readonly number[]): number[] =>
    order.map((axis) => (shape[axis] === 1 ? 0 : (strides[axis] as number)));

  function bind(buffer: number): number {
    const known = bindingOf.get(buffer);
    if (known !== undefined) return known;
    bindingOf.set(buffer, bindings.length);
    buffers.push(buffer);
    return bindings.push({ dtype: nodeAt(buffer).dtype, access: 'read' }) - 1;
  }

  /** The value of a source at the current index of the loop. */
  function read({ base, layout }: Source): number {
    if (members.has(base)) return compute(base);
    if (base === options.accumulator) return body.push({ kind: 'accumulator', dtype: computeOf(base) });
    const strides = inLoopOrder(layout.shape, layout.strides);
    if (roles[base] === 'virtual') return generate({ base, layout });
    return body.push({
      kind: 'load',
      access: { binding: bind(base), offset: layout.offset, strides },
      dtype: computeOf(base),
    });
  }

  /** A compiled-in number or the linear index. */
  function generate({ base, layout }: Source): number {
    const node = nodeAt(base);
    return node.op.family === 'source' && node.op.source === 'index'
      ? body.push({
          kind: 'index',
          offset: layout.offset,
          strides: inLoopOrder(layout.shape, layout.strides),
          dtype: node.dtype as 'i32' | 'u32',
        })
      : body.push({ kind: 'constant', value: node.attributes['value'] as number | string, dtype: computeOf(base) });
  }

  /** The value of a member as other members read it. */
  function compute(position: number): number {
    const { dtype, op } = nodeAt(position);
    if (dtype === 'u8' || dtype === 'i8' || (isHalf(dtype) && readsExactly(op)))
      return asStored(position, () => raw(position));
    return raw(position);
  }

  /** The value of a member before it is narrowed, which stores do by themselves. */
  function raw(position: number): number {
    const known = values.get(position);
    if (known !== undefined) return known;
    const value = evaluate(position);
    values.set(position, value);
    return value;
  }

  /**
   * A value as the dtype of its node holds it: 8-bit integers are computed in 32 bits and wrap, halves are computed in f32
   * and round where a cast looks at them.
   */
  function asStored(position: number, value: () => number): number {
    const known = narrowed.get(position);
    if (known !== undefined) return known;
    const { dtype } = nodeAt(position);
    const narrowing = narrowings[dtype];
    const result = narrowing ? body.emit(narrowing, [value()]) : value();
    narrowed.set(position, result);
    return result;
  }

  /** What a cast reads: the other members of a kernel may hand on more digits of a half than it has. */
  function readExactly(source: Source): number {
    const { base } = source;
    const inRegister = members.has(base) || base === options.accumulator;
    return inRegister && isHalf(nodeAt(base).dtype) ? asStored(base, () => read(source)) : read(source);
  }

  function evaluate(position: number): number {
    const copied = copies.get(position);
    // A compiled-in number that is asked for itself is a copy of itself.
    if (copied) return copied.base === position ? generate(copied) : read(copied);
    const node = nodeAt(position);
    const inputs = (view.inputs[position] as readonly number[]).map((input) => sources[input] as Source);
    const { op } = node;
    switch (op.family) {
      case 'elementwise': {
        const own = inputs.slice(0, op.arity);
        const args = own.map(({ base }, index) => s.argument(index, computeOf(base)));
        return body.emit(op.meaning(args, node.attributes), own.map(readsExactly(op) ? readExactly : read));
      }
      case 'reduction':
        return body.push({ kind: 'reduce', op: op.fold, arg: read(inputs[0] as Source), dtype: computeOf(position) });
      case 'indexed':
        return emitIndexed(op, node, inputs);
      default:
        throw new InternalError(op.name, 'is not computed in a loop');
    }
  }

  function emitIndexed(op: IndexedOp, node: Node, inputs: readonly Source[]): number {
    const from = inputs[0] as Source;
    const unit = (axis: number): number[] => order.map((loopAxis) => (loopAxis === axis ? 1 : 0));
    return op.emit({
      node,
      emit: (expression, args) => body.emit(expression, args),
      coordinate: (axis) => body.push({ kind: 'index', offset: 0, strides: unit(axis), dtype: 'i32' }),
      value: (input, outputAxes) => {
        const source = inputs[input] as Source;
        return read(
          outputAxes ? { base: source.base, layout: spreadLayout(source.layout, outputAxes, node.shape) } : source,
        );
      },
      gather: (terms, outputAxes) => {
        const spread = spreadLayout(from.layout, outputAxes, node.shape);
        const access: Access = {
          binding: bind(from.base),
          offset: from.layout.offset,
          strides: inLoopOrder(node.shape, spread.strides),
        };
        const dtype = computeOf(from.base);
        if (terms.length === 0) return body.push({ kind: 'load', access, dtype });
        const strideOf = (axis: number): number => from.layout.strides[axis] as number;
        const [first] = terms;
        if (terms.length === 1 && first)
          return body.push({ kind: 'gather', access, index: first.index, stride: strideOf(first.axis), dtype });
        const sum = terms
          .map(({ axis }, argument) => s.mul(s.argument(argument, 'i32'), strideOf(axis)))
          .reduce((total, term) => s.add(total, term));
        const index = body.emit(
          sum,
          terms.map((term) => term.index),
        );
        return body.push({ kind: 'gather', access, index, stride: 1, dtype });
      },
    });
  }

  function store(position: number, arg: number): void {
    const { shape, dtype } = nodeAt(position);
    const isRow =
      axes.length > 0 &&
      sameShape(shape, rows) &&
      (!sameShape(shape, space) || nodeAt(position).op.family === 'reduction');
    const target = options.inPlace.get(position);
    let binding: number;
    if (target !== undefined && bindingOf.has(target)) {
      binding = bindingOf.get(target) as number;
      bindings[binding] = { dtype, access: 'readwrite' };
    } else {
      binding = bindings.push({ dtype, access: 'write' }) - 1;
      buffers.push(target ?? position);
    }
    const strides = inLoopOrder(shape, contiguousStrides(shape));
    body.push({
      kind: 'store',
      access: { binding, offset: 0, strides },
      arg,
      each: axes.length === 0 || isRow ? 'row' : 'point',
    });
  }

  const inPlace = options.stored.filter((position) => options.inPlace.has(position));
  for (const position of options.stored) if (!options.inPlace.has(position)) store(position, raw(position));
  // What overwrites a value comes when everything that reads it has been computed.
  const overwriting = inPlace.map((position) => [position, raw(position)] as const);
  for (const [position, arg] of overwriting) store(position, arg);
  const sizes = (list: readonly number[]): number[] => list.map((axis) => space[axis] as number);
  const limits = order.flatMap((axis, dim): Limit[] => {
    // A contraction has read the lengths of what it hands on.
    const end = options.accumulator === undefined ? ends?.[axis] : undefined;
    return end ? [{ dim, binding: bind(end.base), offset: end.layout.offset }] : [];
  });
  return {
    bindings,
    buffers,
    outer: sizes(outerAxes),
    inner: sizes(axes),
    body: body.steps,
    ...(limits.length > 0 && { limits }),
  };
}

/** A layout over the axes of an output, of which an input's axis d walks `axes[d]`. */
function spreadLayout(layout: Layout, axes: readonly (number | undefined)[], shape: Shape): Layout {
  const strides = new Array<number>(shape.length).fill(0);
  for (const [axis, outputAxis] of axes.entries())
    if (outputAxis !== undefined) strides[outputAxis] = layout.strides[axis] as number;
  return { shape, strides, offset: layout.offset };
}
