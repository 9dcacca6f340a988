/** Small arrays on the host: shapes, indices, texts. They are arranged by the methods that tensors have, so that one operator does both. */
import type { Shape } from '@espalier/tensor';

/** What arranges elements without looking at them; tensors have it too. */
export interface Arranged<Self> {
  readonly shape: Shape;
  reshape(shape: Shape): Self;
  permute(axes: readonly number[]): Self;
  expand(shape: Shape): Self;
  sliceWith(part: {
    readonly start: readonly number[];
    readonly step: readonly number[];
    readonly count: readonly number[];
  }): Self;
}

/** How many elements a shape has. */
export const countOf = (shape: Shape): number => shape.reduce((product, size) => product * size, 1);

/** How far apart neighbours along each axis are, row by row. */
export function stridesOf(shape: Shape): number[] {
  const strides: number[] = [];
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis] as number;
  }
  return strides;
}

/** Elements in row-major order, and their shape. */
export class HostArray<Element> implements Arranged<HostArray<Element>> {
  readonly shape: Shape;
  readonly data: readonly Element[];

  constructor(data: readonly Element[], shape: Shape) {
    this.data = data;
    this.shape = shape;
  }

  /** The element at `offset` + Σ index · stride, for each index of a shape. */
  #strided(shape: Shape, strides: readonly number[], offset = 0): HostArray<Element> {
    const picked: Element[] = [];
    const walk = (axis: number, at: number): void => {
      if (axis === shape.length) {
        picked.push(this.data[at] as Element);
        return;
      }
      for (let index = 0; index < (shape[axis] as number); index++)
        walk(axis + 1, at + index * (strides[axis] as number));
    };
    walk(0, offset);
    return new HostArray(picked, shape);
  }

  reshape(shape: Shape): HostArray<Element> {
    return new HostArray(this.data, shape);
  }

  permute(axes: readonly number[]): HostArray<Element> {
    const strides = stridesOf(this.shape);
    return this.#strided(
      axes.map((axis) => this.shape[axis] as number),
      axes.map((axis) => strides[axis] as number),
    );
  }

  /** Repeated along axes of size 1, and along new leading axes. */
  expand(shape: Shape): HostArray<Element> {
    const own = stridesOf(this.shape);
    const lead = shape.length - this.shape.length;
    const strides = shape.map((_, axis) =>
      axis < lead || this.shape[axis - lead] === 1 ? 0 : (own[axis - lead] as number),
    );
    return this.#strided(shape, strides);
  }

  sliceWith({ start, step, count }: Parameters<Arranged<unknown>['sliceWith']>[0]): HostArray<Element> {
    const strides = stridesOf(this.shape);
    return this.#strided(
      count,
      strides.map((stride, axis) => stride * (step[axis] as number)),
      strides.reduce((sum, stride, axis) => sum + stride * (start[axis] as number), 0),
    );
  }

  /** Whole slices at indices along an axis. */
  take(indices: HostArray<number>, axis: number): HostArray<Element> {
    const before = countOf(this.shape.slice(0, axis));
    const after = countOf(this.shape.slice(axis + 1));
    const size = this.shape[axis] as number;
    const picked: Element[] = [];
    for (let outer = 0; outer < before; outer++)
      for (const index of indices.data)
        for (let inner = 0; inner < after; inner++)
          picked.push(this.data[(outer * size + index) * after + inner] as Element);
    return new HostArray(picked, [...this.shape.slice(0, axis), ...indices.shape, ...this.shape.slice(axis + 1)]);
  }

  /** Joined along an axis. */
  static concat<Element>(parts: readonly HostArray<Element>[], axis: number): HostArray<Element> {
    const [first] = parts as [HostArray<Element>];
    const before = countOf(first.shape.slice(0, axis));
    const lengths = parts.map(({ shape }) => countOf(shape.slice(axis)));
    const joined: Element[] = [];
    for (let outer = 0; outer < before; outer++)
      for (const [i, { data }] of parts.entries()) {
        const length = lengths[i] as number;
        for (let at = outer * length; at < (outer + 1) * length; at++) joined.push(data[at] as Element);
      }
    const size = parts.reduce((sum, { shape }) => sum + (shape[axis] as number), 0);
    return new HostArray(joined, [...first.shape.slice(0, axis), size, ...first.shape.slice(axis + 1)]);
  }
}
