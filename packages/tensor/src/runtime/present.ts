/** Reading tensors that have lengths: of the memory for all elements there can be, those that there are. */
import { dtypes } from '../dtype/dtype.ts';
import type { Node } from '../graph/node.ts';
import { contiguousStrides, sizeOf, type Shape } from '../shape/shape.ts';

/** The shape of what there is, given each length. */
export function presentShape({ shape, lengths }: Node, valueOf: (length: Node) => number): Shape {
  return shape.map((size, axis) => {
    const length = lengths?.[axis];
    return length ? Math.max(0, Math.min(valueOf(length), size)) : size;
  });
}

/** The elements of a part that begins at the first of each axis, one after the other. */
export function presentBytes({ shape, dtype }: Node, part: Shape, all: Uint8Array): Uint8Array<ArrayBuffer> {
  const { bytes } = dtypes[dtype];
  const strides = contiguousStrides(shape);
  const result = new Uint8Array(sizeOf(part) * bytes);
  const row = (part.at(-1) ?? 1) * bytes;
  const lead = part.slice(0, -1);
  const index = lead.map(() => 0);
  for (let to = 0; to < result.length; to += row) {
    const from = index.reduce((sum, at, axis) => sum + at * (strides[axis] as number), 0) * bytes;
    result.set(all.subarray(from, from + row), to);
    for (let axis = lead.length - 1; axis >= 0; axis--) {
      index[axis] = ((index[axis] as number) + 1) % (lead[axis] as number);
      if (index[axis] !== 0) break;
    }
  }
  return result;
}
