/** Reading at indices held by another tensor. An index outside the axis gives 0. */
import { dtypes } from '../../dtype/dtype.ts';
import { ArgumentError } from '../../errors.ts';
import { ofInput, ofOutput, sameAxes } from '../../graph/axes.ts';
import { isSameLength, lengthsOf, showLengths } from '../../graph/lengths.ts';
import type { Node } from '../../graph/node.ts';
import * as s from '../../scalar/expression.ts';
import type { Shape } from '../../shape/shape.ts';
import type { IndexedOp, IndexedSite } from '../../graph/op.ts';

/** Emits the read of input 0 along `axis` at the index value `index`, or 0 where that lies outside, behind a length too. */
function readAt(
  { node, gather, emit, value }: IndexedSite,
  axis: number,
  index: number,
  axes: readonly (number | undefined)[],
): number {
  const size = node.inputs[0]?.shape[axis] ?? 0;
  const raw = s.argument(0, 'i32');
  const end = node.attributes['end'] as number | undefined;
  const within = s.and(s.le(0, raw), s.lt(raw, size));
  const inside =
    end === undefined
      ? emit(within, [index])
      : emit(s.and(within, s.lt(raw, s.argument(1, 'i32'))), [index, value(end, [])]);
  const found = gather([{ axis, index: emit(s.min(s.max(raw, 0), size - 1), [index]) }], axes);
  return emit(s.select(s.argument(0, 'bool'), s.argument(1, dtypes[node.dtype].compute), 0), [inside, found]);
}

/** Whole slices: output [...before, ...indices, ...after] = input[...before, index, ...after]. */
export const takeOp: IndexedOp = {
  family: 'indexed',
  name: 'take',
  lengths: ([input, indices], { axis }) => {
    const own = lengthsOf(input as Node);
    const at = axis as number;
    const result = [...own.slice(0, at), ...lengthsOf(indices as Node), ...own.slice(at + 1)];
    return { result, space: result, end: own[at] };
  },
  axes: ({ inputs, attributes }) => {
    const at = attributes['axis'] as number;
    const [own, indices] = inputs.map(({ shape }) => shape) as [Shape, Shape];
    return [
      ...indices.map((_, axis) => sameAxes(ofOutput(at + axis), ofInput(1, axis))),
      ...own.flatMap((_, axis) =>
        axis === at ? [] : [sameAxes(ofOutput(axis < at ? axis : axis + indices.length - 1), ofInput(0, axis))],
      ),
    ];
  },
  gradient: (g, { inputs: [input, indices], attributes: { axis } }) =>
    input && indices ? [g.scatterSlices(indices, axis as number, input.shape), undefined] : [],
  emit: (site) => {
    const [input, indices] = site.node.inputs;
    const axis = site.node.attributes['axis'] as number;
    const rank = indices?.shape.length ?? 0;
    const index = site.value(
      1,
      (indices?.shape ?? []).map((_, position) => axis + position),
    );
    const axes = (input?.shape ?? []).map((_, position) =>
      position === axis ? undefined : position < axis ? position : position + rank - 1,
    );
    return readAt(site, axis, index, axes);
  },
};

/** Single elements: output[..., i, ...] = input[..., index[..., i, ...], ...]. */
export const gatherOp: IndexedOp = {
  family: 'indexed',
  name: 'gather',
  lengths: ([input, index], { axis }) => {
    const [own, result] = [lengthsOf(input as Node), lengthsOf(index as Node)];
    const other = own.findIndex((length, a) => a !== axis && length && !isSameLength(length, result[a]));
    if (other >= 0)
      throw new ArgumentError(
        'gather',
        `along axis ${other}, ${showLengths(input as Node)} has a length and the index ${showLengths(index as Node)} not the same: take both upTo the same tensor`,
      );
    return { result, space: result, end: own[axis as number] };
  },
  axes: ({ shape, inputs, attributes }) =>
    shape.map((size, axis) => {
      // The input may be longer than what is read of it.
      const isRead = axis === attributes['axis'] || inputs[0]?.shape[axis] !== size;
      return sameAxes(ofOutput(axis), ofInput(1, axis), ...(isRead ? [] : [ofInput(0, axis)]));
    }),
  gradient: (g, { inputs: [input, index], attributes: { axis } }) =>
    input && index ? [g.scatterInto(index, axis as number, input.shape), undefined] : [],
  emit: (site) => {
    const axis = site.node.attributes['axis'] as number;
    return readAt(
      site,
      axis,
      site.value(1),
      site.node.shape.map((_, position) => (position === axis ? undefined : position)),
    );
  },
};
