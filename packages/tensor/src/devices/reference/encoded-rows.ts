/** What each layout of an encoded matrix means, a row at a time and in doubles. */
import {
  centreOf,
  codeBytes,
  groupedCodes,
  groupedParts,
  stepColumns,
  type GroupedPart,
} from '../../kernel/grouped-codes.ts';
import { groupsOf } from '../../kernel/groups.ts';
import type { EncodedLayout, EncodedMatmulSpec } from '../../kernel/spec.ts';
import type { Elements } from './elements.ts';

/** An element of a row that is there; the others are not multiplied at all. */
export interface Entry {
  readonly column: number;
  readonly value: number;
}

/** The entries of a row, given the arrays of the layout in their order. */
export type RowDecoder = (
  arrays: readonly Elements[],
  row: number,
  spec: Pick<EncodedMatmulSpec, 'rows' | 'columns' | 'settings'>,
) => readonly Entry[];

const at = (arrays: readonly Elements[], part: number, position: number): number =>
  arrays[part]?.read(position) ?? Number.NaN;

/** `count` entries, each in its column. */
const everyColumn = (count: number, value: (column: number) => number): Entry[] =>
  Array.from({ length: count }, (_, column) => ({ column, value: value(column) }));

/** Code `index` of a row of `bytes` bytes in which codes are packed, the lowest bits first. */
function codeAt(
  arrays: readonly Elements[],
  part: number,
  row: number,
  bytes: number,
  bits: number,
  index: number,
): number {
  const place = row * bytes + Math.floor((index * bits) / 8);
  const shift = (index * bits) % 8;
  // A code may begin in one byte and end in the next.
  const next = shift + bits > 8 ? at(arrays, part, place + 1) : 0;
  return ((at(arrays, part, place) | (next << 8)) >> shift) & (2 ** bits - 1);
}

/** A value of a sparse layout, where `values` is the position of its array: f32, or a code with the scale of its row. */
function valueAt(
  arrays: readonly Elements[],
  values: number,
  entry: number,
  row: number,
  settings: EncodedMatmulSpec['settings'],
): number {
  return at(arrays, values, entry) * (settings['values'] === 'int8' ? at(arrays, values + 1, row) : 1);
}

/** By layout. */
export const rowDecoders: Readonly<Record<EncodedLayout, RowDecoder>> = {
  int8: (arrays, row, { columns, settings }) => {
    const scale = at(arrays, 1, settings['scales'] === 'matrix' ? 0 : row);
    return everyColumn(columns, (column) => at(arrays, 0, row * columns + column) * scale);
  },
  int4: (arrays, row, { columns, settings }) => {
    const group = Number(settings['group']);
    const groups = Math.ceil(columns / group);
    return everyColumn(columns, (column) => {
      const place = row * groups + Math.floor(column / group);
      const zero = settings['zeros'] === true ? at(arrays, 2, place) : 8;
      return (codeAt(arrays, 0, row, Math.ceil(columns / 2), 4, column) - zero) * at(arrays, 1, place);
    });
  },
  'int-n': (arrays, row, { columns, settings }) => {
    const own = groupedCodes(settings);
    const parts = groupedParts(own);
    const groups = Math.ceil(columns / own.group);
    const steps = Math.ceil((groups * own.group) / stepColumns);
    const { factor, centre } = centreOf(own);
    const read = (part: GroupedPart, position: number): number => at(arrays, parts.indexOf(part), position);
    const scaled = (part: 'scales' | 'minima', group: number): number => {
      const number = read(part, row * groups + group);
      if (own.scales === 'e8') return 2 ** (number - 128);
      if (own.scales !== 'i8') return number;
      const step = row * steps + Math.floor((group * own.group) / stepColumns);
      return number * read(part === 'scales' ? 'steps' : 'minimumSteps', step);
    };
    return everyColumn(columns, (column) => {
      const group = Math.floor(column / own.group);
      const code = codeAt(arrays, 0, row, codeBytes(own, columns), own.bits, column);
      const counted = own.table
        ? read('table', code)
        : factor * code - (own.zeros ? read('zeros', row * groups + group) : centre);
      const value = counted * scaled('scales', group);
      return own.minima ? Math.fround(value + scaled('minima', group)) : value;
    });
  },
  codebook: (arrays, row, { columns, settings }) => {
    const bits = Number(settings['bits']);
    const bytes = Math.ceil((columns * bits) / 8);
    return everyColumn(columns, (column) => at(arrays, 1, codeAt(arrays, 0, row, bytes, bits, column)));
  },
  csr: (arrays, row, { settings }) => {
    const [begin, end] = [at(arrays, 0, row), at(arrays, 0, row + 1)];
    return Array.from({ length: end - begin }, (_, place) => {
      const entry = begin + place;
      const column =
        settings['columnBytes'] === 2
          ? at(arrays, 1, 2 * entry) + 256 * at(arrays, 1, 2 * entry + 1)
          : at(arrays, 1, entry);
      return { column, value: valueAt(arrays, 2, entry, row, settings) };
    });
  },
  bitmask: (arrays, row, { columns, settings }) => {
    const bytes = Math.ceil(columns / 8);
    const there = everyColumn(columns, (column) => codeAt(arrays, 1, row, bytes, 1, column));
    return there
      .filter(({ value }) => value === 1)
      .map(({ column }, place) => ({ column, value: valueAt(arrays, 2, at(arrays, 0, row) + place, row, settings) }));
  },
  'n-of-m': (arrays, row, { columns, settings }) => {
    const { n, m, kept, used, bits, rowBytes } = groupsOf({ settings, columns });
    return Array.from({ length: used }, (_, entry) => ({
      column: Math.floor(entry / n) * m + codeAt(arrays, 0, row, rowBytes, bits, entry),
      value: valueAt(arrays, 1, row * kept + entry, row, settings),
    }));
  },
  blocks: (arrays, row, { columns, settings }) => {
    const [height, width] = [Number(settings['height']), Number(settings['width'])];
    const blockRow = Math.floor(row / height);
    const [begin, end] = [at(arrays, 0, blockRow), at(arrays, 0, blockRow + 1)];
    const blocks = Array.from({ length: end - begin }, (_, place) => begin + place);
    // The last blocks may stick out of the matrix.
    return blocks
      .flatMap((block) =>
        everyColumn(width, (column) =>
          valueAt(arrays, 2, (block * height + (row % height)) * width + column, row, settings),
        ).map(({ column, value }) => ({ column: at(arrays, 1, block) * width + column, value })),
      )
      .filter(({ column }) => column < columns);
  },
};
