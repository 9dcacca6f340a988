/** The arrays by which sparse layouts and formats say where their entries are, and the places that these mean. */
import type { DType } from '@espalier/tensor';
import type { RawTensor } from '@espalier/nn';

/** Where entries are in a matrix, row by row. */
export interface Places {
  readonly rows: number;
  readonly columns: number;
  /** row · columns + column of each entry, ascending. */
  readonly places: ArrayLike<number>;
}

/** A way to say it. */
export interface PlaceForm {
  /** The endings of its arrays. */
  readonly endings: readonly string[];
  readonly read: (arrays: readonly RawTensor[], columns: number) => Places;
  readonly write: (places: Places) => readonly RawTensor[];
}

const sizes = { u8: 1, u32: 4, i32: 4 } as const;

/** Whole numbers of an array, which a file may have put anywhere. */
function numbersOf({ dtype, bytes }: RawTensor): ArrayLike<number> {
  const { buffer } = new Uint8Array(bytes);
  return dtype === 'i32' ? new Int32Array(buffer) : dtype === 'u32' ? new Uint32Array(buffer) : new Uint8Array(buffer);
}

function arrayOf(dtype: DType & keyof typeof sizes, shape: readonly number[], values: ArrayLike<number>): RawTensor {
  const data =
    dtype === 'i32' ? Int32Array.from(values) : dtype === 'u32' ? Uint32Array.from(values) : Uint8Array.from(values);
  return { dtype, shape, bytes: new Uint8Array(data.buffer) };
}

/** Rows that begin at offsets; how wide a column is follows from how many there are. */
function rowsForm(
  endings: readonly [offsets: string, columns: string],
  offsetType: 'u32' | 'i32',
  columnType: (columns: number) => 'u8' | 'u16' | 'u32' | 'i32',
): PlaceForm {
  return {
    endings,
    read: ([offsetArray, columnArray], columns) => {
      const offsets = numbersOf(offsetArray as RawTensor);
      const rows = offsets.length - 1;
      const raw = numbersOf(columnArray as RawTensor);
      const isPair = columnType(columns) === 'u16';
      const columnAt = (entry: number): number =>
        isPair ? (raw[2 * entry] as number) + 256 * (raw[2 * entry + 1] as number) : (raw[entry] as number);
      const places: number[] = [];
      for (let row = 0; row < rows; row++)
        for (let entry = offsets[row] as number; entry < (offsets[row + 1] as number); entry++)
          places.push(row * columns + columnAt(entry));
      return { rows, columns, places };
    },
    write: ({ rows, columns, places }) => {
      const offsets = new Array<number>(rows + 1).fill(0);
      const found: number[] = [];
      const type = columnType(columns);
      for (let entry = 0; entry < places.length; entry++) {
        const row = Math.floor((places[entry] as number) / columns);
        const column = (places[entry] as number) % columns;
        offsets[row + 1] = entry + 1;
        if (type === 'u16') found.push(column & 255, column >> 8);
        else found.push(column);
      }
      for (let row = 1; row <= rows; row++) offsets[row] = Math.max(offsets[row] as number, offsets[row - 1] as number);
      const columnArray =
        type === 'u16' ? arrayOf('u8', [places.length, 2], found) : arrayOf(type, [places.length], found);
      return [arrayOf(offsetType, [rows + 1], offsets), columnArray];
    },
  };
}

/** A bit for each element, the first column of eight the lowest; offsets where the values of rows begin, if it has them. */
function bitsForm(endings: readonly string[]): PlaceForm {
  const [bitsEnding = '', offsetsEnding] = endings;
  return {
    endings: offsetsEnding === undefined ? [bitsEnding] : [bitsEnding, offsetsEnding],
    read: ([bitArray], columns) => {
      const { shape, bytes } = bitArray as RawTensor;
      const [rows = 0, rowBytes = 0] = shape;
      const places: number[] = [];
      for (let row = 0; row < rows; row++)
        for (let column = 0; column < columns; column++)
          if (((bytes[row * rowBytes + (column >> 3)] as number) >> (column & 7)) & 1)
            places.push(row * columns + column);
      return { rows, columns, places };
    },
    write: ({ rows, columns, places }) => {
      const rowBytes = Math.ceil(columns / 8);
      const bits = new Uint8Array(rows * rowBytes);
      const counts = new Array<number>(rows + 1).fill(0);
      for (let entry = 0; entry < places.length; entry++) {
        const [row, column] = [Math.floor((places[entry] as number) / columns), (places[entry] as number) % columns];
        const at = row * rowBytes + (column >> 3);
        bits[at] = (bits[at] as number) | (1 << (column & 7));
        counts[row + 1] = (counts[row + 1] as number) + 1;
      }
      for (let row = 1; row <= rows; row++) counts[row] = (counts[row] as number) + (counts[row - 1] as number);
      const array = arrayOf('u8', [rows, rowBytes], bits);
      return offsetsEnding === undefined ? [array] : [array, arrayOf('i32', [rows + 1], counts)];
    },
  };
}

const byteOrWord = (columns: number): 'u8' | 'u32' => (columns <= 256 ? 'u8' : 'u32');
const narrowest = (columns: number): 'u8' | 'u16' | 'i32' =>
  columns <= 2 ** 8 ? 'u8' : columns <= 2 ** 16 ? 'u16' : 'i32';

/** The forms there are, by the number that stands for each in files: those of layouts, then those of formats. */
export const placeForms: readonly PlaceForm[] = [
  rowsForm(['_row_offsets', '_columns'], 'u32', byteOrWord),
  bitsForm(['_bitmask']),
  rowsForm(['_offsets', '_columns'], 'i32', narrowest),
  bitsForm(['_mask', '_offsets']),
];
