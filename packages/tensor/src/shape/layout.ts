/**
 * Strided layouts: where the elements of a view lie in the contiguous buffer it looks at. Movement ops compose on
 * layouts without touching data; only a reshape may be impossible, and then the planner copies.
 */
import { contiguousStrides, sizeOf, type Shape } from './shape.ts';

/** A view of a buffer: index i lies at `offset + Σ i[d] · strides[d]` elements. */
export interface Layout {
  readonly shape: Shape;
  readonly strides: readonly number[];
  readonly offset: number;
}

/** A movement op as data. */
export type Movement =
  | {
      readonly kind: 'reshape';
      readonly shape: Shape;
      /** Which axis each of the result was, if one: said where sizes of 1 leave it open, and lengths go with the axes. */
      readonly from?: readonly (number | undefined)[];
    }
  | { readonly kind: 'permute'; readonly axes: readonly number[] }
  | { readonly kind: 'expand'; readonly shape: Shape }
  /** Keeps `count[d]` indices from `start[d]` in steps of `step[d]` (negative steps walk backwards). */
  | {
      readonly kind: 'slice';
      readonly start: readonly number[];
      readonly count: readonly number[];
      readonly step: readonly number[];
    }
  /** Sliding windows over the trailing axes: [..., size] becomes [..., positions, ..., kernel]. */
  | {
      readonly kind: 'windows';
      readonly kernel: readonly number[];
      readonly stride: readonly number[];
      readonly dilation: readonly number[];
    };

/** The row-major layout of a shape. */
export function contiguousLayout(shape: Shape): Layout {
  return { shape, strides: contiguousStrides(shape), offset: 0 };
}

/** True if the layout is row-major from offset 0 (sizes of 1 may have any stride). */
export function isContiguous({ shape, strides, offset }: Layout): boolean {
  if (offset !== 0) return false;
  let [size, isRowMajor] = [1, true];
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const length = shape[axis] as number;
    if (length !== 1 && strides[axis] !== size) isRowMajor = false;
    size *= length;
  }
  return isRowMajor || size <= 1;
}

/** The shape after a movement of a tensor of the given shape. */
export function movedShape(movement: Movement, shape: Shape): number[] {
  switch (movement.kind) {
    case 'reshape':
    case 'expand':
      return [...movement.shape];
    case 'permute':
      return movement.axes.map((axis) => shape[axis] as number);
    case 'slice':
      return [...movement.count];
    case 'windows': {
      const lead = shape.length - movement.kernel.length;
      const positions = movement.kernel.map((size, axis) =>
        windowCount(
          shape[lead + axis] as number,
          size,
          movement.stride[axis] as number,
          movement.dilation[axis] as number,
        ),
      );
      return [...shape.slice(0, lead), ...positions, ...movement.kernel];
    }
  }
}

/** How many windows of `kernel` (dilated) fit into `size` at the given stride. */
export function windowCount(size: number, kernel: number, stride: number, dilation: number): number {
  return Math.max(0, Math.floor((size - dilation * (kernel - 1) - 1) / stride) + 1);
}

/** The layout after a movement, or undefined if no strides express it (a reshape that needs a copy). */
export function moveLayout(movement: Movement, layout: Layout): Layout | undefined {
  const shape = movedShape(movement, layout.shape);
  const { strides, offset } = layout;
  switch (movement.kind) {
    case 'reshape':
      return reshapeLayout(layout, shape);
    case 'permute':
      return { shape, strides: movement.axes.map((axis) => strides[axis] as number), offset };
    case 'expand': {
      const added = shape.length - layout.shape.length;
      const expanded = shape.map((size, axis) => {
        const from = axis - added;
        return from < 0 || (layout.shape[from] === 1 && size !== 1) ? 0 : (strides[from] as number);
      });
      return { shape, strides: expanded, offset };
    }
    case 'slice':
      return {
        shape,
        strides: strides.map((stride, axis) => stride * (movement.step[axis] as number)),
        offset:
          sizeOf(shape) === 0
            ? offset
            : offset + strides.reduce((sum, stride, axis) => sum + stride * (movement.start[axis] as number), 0),
      };
    case 'windows': {
      const lead = layout.shape.length - movement.kernel.length;
      const trailing = strides.slice(lead);
      return {
        shape,
        strides: [
          ...strides.slice(0, lead),
          ...trailing.map((stride, axis) => stride * (movement.stride[axis] as number)),
          ...trailing.map((stride, axis) => stride * (movement.dilation[axis] as number)),
        ],
        offset,
      };
    }
  }
}

/** Splits and merges dimensions where the strides allow: merged neighbours must be contiguous relative to each other. */
function reshapeLayout(layout: Layout, shape: readonly number[]): Layout | undefined {
  if (sizeOf(shape) === 0) return { shape, strides: contiguousStrides(shape), offset: layout.offset };
  const old = layout.shape
    .map((size, axis) => ({ size, stride: layout.strides[axis] as number }))
    .filter(({ size }) => size !== 1);
  const strides = new Array<number>(shape.length).fill(0);
  let from = 0;
  let to = 0;
  while (from < old.length) {
    // Grow a block of old and of new dimensions until both hold equally many elements.
    let end = from + 1;
    let oldSize = (old[from] as { size: number }).size;
    let newEnd = to;
    let newSize = 1;
    while (newSize !== oldSize || newEnd === to) {
      if (newSize < oldSize || newEnd === to) newSize *= shape[newEnd++] as number;
      else oldSize *= (old[end++] as { size: number }).size;
    }
    for (let axis = from; axis < end - 1; axis++) {
      const outer = old[axis] as { size: number; stride: number };
      const inner = old[axis + 1] as { size: number; stride: number };
      if (outer.stride !== inner.stride * inner.size) return undefined;
    }
    let stride = (old[end - 1] as { stride: number }).stride;
    for (let axis = newEnd - 1; axis >= to; axis--) {
      strides[axis] = stride;
      stride *= shape[axis] as number;
    }
    from = end;
    to = newEnd;
  }
  return { shape, strides, offset: layout.offset };
}
