/** How tensors look to people: nested brackets as NumPy and PyTorch write them, with … where there is too much. */
import type { DType } from '../dtype/dtype.ts';
import type { Shape } from '../shape/shape.ts';

/** More elements than this are summarised by the first and last of each axis. */
const wholeUpTo = 1000;
const edge = 3;
const lineWidth = 96;

/** Elements in row-major order from an offset on. */
export type ReadElements = (offset: number, count: number) => ArrayLike<number>;

/** A number to five digits, as everything that is printed. */
function printNumber(value: number, dtype: DType): string {
  if (dtype === 'bool') return value === 0 ? 'false' : 'true';
  if (Object.is(value, -0)) return '-0';
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(5)));
}

/** One row of elements, an omission, or rows of those. */
type Printed = string | readonly Printed[];

/** The values of a tensor. Few of a large one are read. */
export function printValues(shape: Shape, dtype: DType, read: ReadElements): string {
  const size = shape.reduce((product, length) => product * length, 1);
  if (shape.length === 0) return printNumber(read(0, 1)[0] as number, dtype);
  if (size === 0) return '[]';
  const summarised = size > wholeUpTo;
  let left = wholeUpTo;
  const shown = (length: number): readonly (readonly [from: number, count: number])[] =>
    summarised && length > 2 * edge
      ? [
          [0, edge],
          [length - edge, edge],
        ]
      : [[0, length]];
  const gather = (axis: number, offset: number, stride: number): Printed => {
    const length = shape[axis] as number;
    const step = stride / length;
    const parts = shown(length).map(([from, count]): Printed[] => {
      if (left <= 0) return ['…'];
      if (axis === shape.length - 1) {
        left -= count;
        return Array.from(read(offset + from, count), (value) => printNumber(value, dtype));
      }
      return Array.from({ length: count }, (_, index) => gather(axis + 1, offset + (from + index) * step, step));
    });
    return parts.flatMap((part, index) => (index === 0 ? part : ['…', ...part]));
  };
  const printed = gather(0, 0, size);
  return layOut(printed, widestOf(printed), shape.length, 1);
}

function widestOf(printed: Printed): number {
  return typeof printed === 'string'
    ? printed.length
    : printed.reduce((most, part) => Math.max(most, widestOf(part)), 0);
}

/** Brackets, one row a line; blocks of rows stand apart by empty lines. */
function layOut(printed: Printed, width: number, rank: number, indent: number): string {
  if (typeof printed === 'string') return printed;
  const margin = ' '.repeat(indent);
  if (rank > 1) {
    const separator = `,${'\n'.repeat(rank - 1)}${margin}`;
    return `[${printed.map((part) => layOut(part, width, rank - 1, indent + 1)).join(separator)}]`;
  }
  const cells = printed.map((cell) => (cell === '…' ? cell : (cell as string).padStart(width)));
  const perLine = Math.max(1, Math.floor((lineWidth - indent) / (width + 2)));
  const lines: string[] = [];
  for (let from = 0; from < cells.length; from += perLine) lines.push(cells.slice(from, from + perLine).join(', '));
  return `[${lines.join(`,\n${margin}`)}]`;
}
