/** Values that do not lie row by row, or not in our byte order: read as if they did, a range at a time. */
import { sizeOf, type Shape } from '@espalier/tensor';

/** Where the elements of a tensor lie. */
export interface StridedLayout {
  readonly shape: Shape;
  /** From element to element along each axis, in elements; at least 0. */
  readonly strides: readonly number[];
  /** Of the first element, in elements. */
  readonly offset: number;
  /** Of an element. */
  readonly itemBytes: number;
  /** Big-endian numbers of so many bytes are turned round; 1 leaves all as it is. */
  readonly swap: number;
}

/** Reads the bytes from `begin` to before `end` of where the elements lie. */
export type ReadStored = (begin: number, end: number) => Promise<Uint8Array<ArrayBuffer>>;

/** The strides of a shape whose elements lie row by row. */
export function rowStrides(shape: Shape): number[] {
  const strides: number[] = [];
  let stride = 1;
  for (const size of shape.toReversed()) {
    strides.unshift(stride);
    stride *= size;
  }
  return strides;
}

/** Whether elements lie row by row, strides of axes of one element aside. */
export function isRowByRow({ shape, strides }: Pick<StridedLayout, 'shape' | 'strides'>): boolean {
  const rows = rowStrides(shape);
  return sizeOf(shape) <= 1 || shape.every((size, axis) => size === 1 || strides[axis] === rows[axis]);
}

/** One more than the last element that a layout touches; 0 where there is none. Not a number that is exact, where it is too large. */
export function endOf({ shape, strides, offset }: StridedLayout): number {
  if (shape.includes(0)) return 0;
  return shape.reduce((last, size, axis) => last + (size - 1) * (strides[axis] as number), offset) + 1;
}

/** Turns each number of `unit` bytes round, in place. */
export function swapBytes(bytes: Uint8Array<ArrayBuffer>, unit: number): Uint8Array<ArrayBuffer> {
  if (unit > 1) for (let at = 0; at + unit <= bytes.length; at += unit) bytes.subarray(at, at + unit).reverse();
  return bytes;
}

/** The part of a tensor's bytes from `begin` to before `end`, as if it lay row by row and little-endian. */
export async function readStrided(
  layout: StridedLayout,
  read: ReadStored,
  begin: number,
  end: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const { itemBytes, offset, swap } = layout;
  const [first, last] = [Math.floor(begin / itemBytes), Math.ceil(end / itemBytes)];
  if (first >= last) return new Uint8Array(0);
  const whole = isRowByRow(layout)
    ? await read((offset + first) * itemBytes, (offset + last) * itemBytes)
    : await gather(layout, read, first, last);
  const [from, to] = [begin - first * itemBytes, end - first * itemBytes];
  swapBytes(whole, swap);
  return from === 0 && to === whole.length ? whole : whole.slice(from, to);
}

/** The indices of an element, counted row by row. */
function indexOf(shape: Shape, element: number): number[] {
  let rest = element;
  return rowStrides(shape).map((stride) => {
    const index = Math.floor(rest / stride);
    rest -= index * stride;
    return index;
  });
}

/** Elements `first` to before `last`, read in one piece from the first that is touched to the last, and put in their order. */
async function gather(
  { shape, strides, offset, itemBytes }: StridedLayout,
  read: ReadStored,
  first: number,
  last: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const [from, to] = [indexOf(shape, first), indexOf(shape, last - 1)];
  const parts = from.findIndex((index, axis) => index !== to[axis]);
  // Axes before are fixed, this one goes from one index to the other, those behind may take any.
  const extent = (low: boolean): number =>
    shape.reduce((sum, size, axis) => {
      const isFree = parts >= 0 && axis > parts;
      const index = isFree ? (low ? 0 : size - 1) : ((low ? from : to)[axis] as number);
      return sum + index * (strides[axis] as number);
    }, offset);
  const lowest = extent(true);
  const stored = await read(lowest * itemBytes, (extent(false) + 1) * itemBytes);
  const found = new Uint8Array((last - first) * itemBytes);
  const [source, target] = [wordsOf(stored, itemBytes), wordsOf(found, itemBytes)];
  const width = itemBytes / source.BYTES_PER_ELEMENT;
  const index = from;
  const axes = shape.length;
  let at = index.reduce((sum, each, axis) => sum + each * (strides[axis] as number), offset) - lowest;
  for (let element = 0; element < last - first; element++) {
    for (let word = 0; word < width; word++) target[element * width + word] = source[at * width + word] as number;
    for (let axis = axes - 1; axis >= 0; axis--) {
      const stride = strides[axis] as number;
      at += stride;
      index[axis] = (index[axis] as number) + 1;
      if ((index[axis] as number) < (shape[axis] as number)) break;
      at -= stride * (shape[axis] as number);
      index[axis] = 0;
    }
  }
  return found;
}

/** Bytes as words that elements are whole numbers of. */
function wordsOf({ buffer }: Uint8Array<ArrayBuffer>, itemBytes: number): Uint8Array | Uint16Array | Uint32Array {
  if (itemBytes % 4 === 0) return new Uint32Array(buffer);
  return itemBytes % 2 === 0 ? new Uint16Array(buffer) : new Uint8Array(buffer);
}
