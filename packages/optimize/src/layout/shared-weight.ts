/** Weights that share few values, in files: a code for each, and the table of the values. */
import { FormatError, type Parameter } from '@espalier/nn';
import {
  codebook,
  fromTyped,
  InternalError,
  matrixFromArrays,
  sizeOf,
  type Device,
  type EncodedMatrix,
} from '@espalier/tensor';
import { codebookFrom } from '../cluster/codebook-view.ts';
import { setMask } from '../prune/mask-view.ts';
import type { SparseWeights } from './bitmask.ts';
import type { WeightDescription } from './materialize.ts';
import { matrixOf, optimizedWeight } from './optimized-weight.ts';
import { store, unstore } from './stored-array.ts';
import {
  decodeLayout,
  encodeLayout,
  packLayout,
  smallestLayout,
  unpackLayout,
  type LayoutName,
  type NamedArrays,
} from './weight-layout.ts';

/** What files say of such weights in the place of a number format. */
export const sharedFormat = 'codebook';

/** What a file holds of such a weight. */
interface SharedArrays {
  readonly layout: LayoutName;
  /** Bits of a code. */
  readonly bits: number;
  readonly arrays: NamedArrays;
}

/**
 * The arrays of weights of at most 256 different values: codes by their place in the ascending table, which stands beside them.
 * Where there is a mask, the code 0 and the first value of the table are those of what is not there, 0.
 */
export function packShared(shape: readonly number[], values: Float32Array, kept: Uint8Array | undefined): SharedArrays {
  const own = kept ? values.filter((_, index) => kept[index] === 1) : values;
  // -0 is 0.
  const found = Float32Array.from(new Set(own.map((value) => value + 0))).toSorted();
  const table = kept ? Float32Array.of(0, ...found) : found;
  if (table.length > 256) throw new InternalError('packShared', `${table.length} values for codes of 8 bits`);
  const codeOf = new Map([...found].map((value, at) => [value, at + Number(kept !== undefined)]));
  const dense = Int8Array.from(values, (value, index) => (kept?.[index] === 0 ? 0 : (codeOf.get(value) as number)));
  const weights: SparseWeights = {
    dense,
    present: kept ? Uint8Array.from(kept) : new Uint8Array(values.length).fill(1),
  };
  const bits = bitsFor(table.length);
  const layout = kept ? smallestLayout(shape, weights, bits) : 'dense';
  const arrays = new Map(packLayout(layout, encodeLayout(layout, weights, shape), bits));
  return { layout, bits, arrays: arrays.set('_table', store(table)) };
}

/** Bits that tell so many values apart. */
const bitsFor = (values: number): number => Math.max(1, Math.ceil(Math.log2(values)));

/**
 * Gives a parameter such a weight: stored where the device computes from it, of sparse layouts with the values in the place of
 * their codes, else dense under views.
 * @throws {FormatError} naming the array, when the parts do not fit together.
 */
export function restoreShared(
  name: string,
  parameter: Parameter,
  description: WeightDescription,
  arrays: NamedArrays,
): void {
  const { layout, shape, pruned } = description;
  const { device } = parameter;
  const table = tableOf(name, description, arrays);
  const whole = unpackLayout(layout, name, arrays, shape, bitsFor(table.length));
  const { dense, present } = decodeLayout(layout, name, whole, 'i8', shape);
  const codes = Uint8Array.from(dense, (code) => code & (2 ** bitsFor(table.length) - 1));
  const wrong = codes.findIndex((code) => code >= table.length);
  if (wrong >= 0)
    throw new FormatError(name, 0, `weight ${wrong} has the code ${codes[wrong]} of ${table.length} values`);
  const matrix =
    layout === 'dense'
      ? codebookMatrix(codes, table, shape, device)
      : matrixOf(name, { ...description, format: 'float32' }, valuesIn(name, whole, table), { device });
  if (matrix?.t().hasKernel()) {
    parameter.store(optimizedWeight({ matrix, pruned, quantization: { table } }));
    return;
  }
  matrix?.dispose();
  const values = Float32Array.from(codes, (code) => table[code] as number);
  parameter.tensor.assign(fromTyped(values, shape, { device }).realizeSync());
  if (pruned) setMask(parameter, present);
  parameter.views.push(codebookFrom(parameter.tensor.detach(), table, pruned));
}

function tableOf(name: string, { bits, pruned }: WeightDescription, arrays: NamedArrays): Float32Array<ArrayBuffer> {
  const table = unstore(`${name}_table`, arrays.get('_table'), 'f32');
  const first = Number(pruned);
  const wrong = table.findIndex(
    (value, at) => !Number.isFinite(value) || (at > first && value <= (table[at - 1] as number)),
  );
  const problem =
    table.length === 0 || bitsFor(table.length) !== bits
      ? `has ${table.length} values for codes of ${bits} bits`
      : pruned && table[0] !== 0
        ? `begins with ${table[0]}; what was pruned is 0`
        : wrong >= 0
          ? `holds ${table[wrong]} at ${wrong}; its values are finite and ascend`
          : undefined;
  if (problem !== undefined) throw new FormatError(`${name}_table`, 0, problem);
  return table;
}

/** The arrays of a sparse layout with values where codes were. */
function valuesIn(name: string, arrays: NamedArrays, table: Float32Array): NamedArrays {
  const codes = unstore(`${name}_values`, arrays.get('_values'), 'i8');
  const mask = 2 ** bitsFor(table.length) - 1;
  return new Map(arrays).set('_values', store(Float32Array.from(codes, (code) => table[code & mask] as number)));
}

function codebookMatrix(
  codes: Uint8Array,
  table: Float32Array,
  shape: readonly number[],
  device: Device,
): EncodedMatrix {
  const [rows = 1, ...rest] = shape;
  const columns = sizeOf(rest);
  const bits = table.length <= 16 ? 4 : 8;
  const rowBytes = Math.ceil((columns * bits) / 8);
  const packed = new Uint8Array(rows * rowBytes);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      const at = row * rowBytes + (bits === 8 ? column : column >> 1);
      const shift = bits === 8 ? 0 : 4 * (column & 1);
      packed[at] = (packed[at] as number) | ((codes[row * columns + column] as number) << shift);
    }
  const whole = new Float32Array(2 ** bits).fill(table.at(-1) as number);
  whole.set(table);
  return matrixFromArrays(
    codebook,
    [rows, columns],
    {
      settings: { bits },
      arrays: {
        codes: { dtype: 'u8', shape: [rows, rowBytes], data: packed },
        table: { dtype: 'f32', shape: [whole.length], data: whole },
      },
    },
    { device },
  );
}
