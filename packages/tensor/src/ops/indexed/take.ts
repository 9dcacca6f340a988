/** Reading at indices held by another tensor. An index outside the axis gives 0. */
import { dtypes } from '../../dtype/dtype.ts';
import * as s from '../../scalar/expression.ts';
import type { IndexedOp, IndexedSite } from '../../graph/op.ts';

/** Emits the read of input 0 along `axis` at the index value `index`, or 0 where that lies outside. */
function readAt(
  { node, gather, emit }: IndexedSite,
  axis: number,
  index: number,
  axes: readonly (number | undefined)[],
): number {
  const size = node.inputs[0]?.shape[axis] ?? 0;
  const raw = s.argument(0, 'i32');
  const inside = emit(s.and(s.le(0, raw), s.lt(raw, size)), [index]);
  const found = gather([{ axis, index: emit(s.min(s.max(raw, 0), size - 1), [index]) }], axes);
  return emit(s.select(s.argument(0, 'bool'), s.argument(1, dtypes[node.dtype].compute), 0), [inside, found]);
}

/** Whole slices: output [...before, ...indices, ...after] = input[...before, index, ...after]. */
export const takeOp: IndexedOp = {
  family: 'indexed',
  name: 'take',
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
