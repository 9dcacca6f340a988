/** Weights of compressed models on a device: the layouts of files as matrices to compute from. */
import { FormatError, type ParameterView, type StoredWeight } from '@espalier/nn';
import {
  arange,
  ArgumentError,
  bitmask,
  csr,
  int4,
  int8,
  matrixFromArrays,
  onesLike,
  sizeOf,
  type Device,
  type EncodedArray,
  type EncodedMatrix,
  type Encoding,
  type StoredFormat,
  type Tensor,
} from '@espalier/tensor';
import { codebookFrom } from '../cluster/codebook-view.ts';
import { MaskView } from '../prune/mask-view.ts';
import type { Scaling } from '../quantize/codes.ts';
import type { WeightFormat } from '../quantize/number-format.ts';
import { QuantizeView, type ScalingOptions } from '../quantize/quantize-view.ts';
import { int4Of } from './int4-codes.ts';
import { bitmaskRowBytes } from './bitmask.ts';
import type { WeightDescription } from './materialize.ts';
import { countBits } from './packed-codes.ts';
import { unstore } from './stored-array.ts';
import { decodeLayout, type NamedArrays } from './weight-layout.ts';

/** A stored weight with what it was made by, so that it can be trained and saved again. */
export interface OptimizedWeight extends StoredWeight {
  /** Whether what is not there was pruned, and stays 0 in training. */
  readonly pruned: boolean;
  readonly quantization: WeightNumbers | undefined;
}

/** What a scaling has beside scales. */
export function scalingOptions({ zeros, group }: Scaling): ScalingOptions {
  return { ...(zeros && { zeros }), ...(group !== undefined && { group }) };
}

/** The numbers that weights take: codes of a format times scales, or the values of an ascending table. */
export type WeightNumbers =
  | (Scaling & { readonly format: WeightFormat })
  | { readonly table: Float32Array<ArrayBuffer> | undefined };

/** Whether a stored weight is one of this package. */
export function isOptimizedWeight(stored: StoredWeight): stored is OptimizedWeight {
  return 'pruned' in stored && 'quantization' in stored;
}

/** A weight from its matrix. */
export function optimizedWeight({
  matrix,
  pruned,
  quantization,
}: Pick<OptimizedWeight, 'matrix' | 'pruned' | 'quantization'>): OptimizedWeight {
  const views = (dense: Tensor, of: EncodedMatrix): ParameterView[] => [
    ...(pruned ? [new MaskView(keptOf(of).reshape(dense.shape), dense)] : []),
    ...(quantization ? [viewOf(quantization, dense, pruned)] : []),
  ];
  return { matrix, pruned, quantization, views };
}

function viewOf(numbers: WeightNumbers, dense: Tensor, pruned: boolean): ParameterView {
  if ('format' in numbers) return new QuantizeView(numbers.format, numbers.scales, dense, scalingOptions(numbers));
  return codebookFrom(dense.detach(), numbers.table as Float32Array<ArrayBuffer>, pruned);
}

/**
 * Which elements of a matrix are there, bool: entries of sparse formats, of tables what has not their first value, what is not
 * 0 in others.
 */
export function keptOf(matrix: EncodedMatrix): Tensor {
  const { values, table } = matrix.arrays;
  const marks = values
    ? { values: onesLike(values) }
    : table && { table: arange(0, table.size, 1, { device: table.device }).ne(0).cast('f32') };
  return (marks ? matrix.with(marks) : matrix).toDense().ne(0);
}

/** The formats of sparse layouts, each with how its arrays follow from those of a file. */
const sparse: Readonly<Partial<Record<WeightDescription['layout'], (file: SparseFile) => [StoredFormat, Encoding]>>> = {
  csr: ({ name, arrays, rows, columns, values, settings }) => {
    const offsets = unstore(`${name}_row_offsets`, arrays.get('_row_offsets'), 'u32');
    const stored = `${name}_columns`;
    const [columnBytes, indices] = narrowColumns(stored, unstore(stored, arrays.get('_columns'), 'u8', 'u32'), columns);
    return [
      csr,
      {
        settings: { ...settings, columnBytes },
        arrays: {
          offsets: { dtype: 'i32', shape: [rows + 1], data: Int32Array.from(offsets) },
          columns: indices,
          ...values,
        },
      },
    ];
  },
  bitmask: ({ name, arrays, rows, columns, values, settings }) => {
    const mask = unstore(`${name}_bitmask`, arrays.get('_bitmask'), 'u8');
    const rowBytes = bitmaskRowBytes(columns);
    return [
      bitmask,
      {
        settings,
        arrays: {
          offsets: { dtype: 'i32', shape: [rows + 1], data: offsetsOf(mask, rows, rowBytes) },
          mask: { dtype: 'u8', shape: [rows, rowBytes], data: mask },
          ...values,
        },
      },
    ];
  },
};

/** Where the values of each row of a bit mask begin. */
function offsetsOf(mask: Uint8Array, rows: number, rowBytes: number): Int32Array<ArrayBuffer> {
  const offsets = new Int32Array(rows + 1);
  for (let row = 0; row < rows; row++) {
    offsets[row + 1] = (offsets[row] as number) + countBits(mask.subarray(row * rowBytes, (row + 1) * rowBytes));
  }
  return offsets;
}

interface SparseFile {
  readonly name: string;
  readonly arrays: NamedArrays;
  readonly rows: number;
  readonly columns: number;
  readonly values: Readonly<Record<string, EncodedArray>>;
  readonly settings: Encoding['settings'];
}

/** Columns in as few bytes as they need. */
function narrowColumns(
  name: string,
  columns: Uint8Array<ArrayBuffer> | Uint32Array<ArrayBuffer>,
  count: number,
): [number, EncodedArray] {
  const { length } = columns;
  // What is too large for a byte or two must not become another column.
  const beyond = columns.find((column) => column >= count);
  if (beyond !== undefined) throw new FormatError(name, 0, `has the column ${beyond} of ${count}`);
  if (count <= 2 ** 8) return [1, { dtype: 'u8', shape: [length], data: Uint8Array.from(columns) }];
  if (count > 2 ** 16) return [4, { dtype: 'i32', shape: [length], data: Int32Array.from(columns) }];
  const pairs = new Uint8Array(Uint16Array.from(columns).buffer);
  return [2, { dtype: 'u8', shape: [length, 2], data: pairs }];
}

/**
 * The matrix of a weight of a file, if there is a format for its layout; a dense layout of floats is none. Codes of up to 4 bits
 * with zero points or by group are those of `int4`, where it takes the group; of more bits they are of none.
 * @throws {FormatError} naming the parameter, where the arrays contradict each other.
 */
export function matrixOf(
  name: string,
  { layout, format, shape, group }: WeightDescription,
  arrays: NamedArrays,
  { device, bits = 32 }: { readonly device: Device; readonly bits?: number | undefined },
): EncodedMatrix | undefined {
  const [rows = 1, ...rest] = shape;
  const columns = sizeOf(rest);
  const own = format === 'float32' ? undefined : unstore(`${name}_scale`, arrays.get('_scale'), 'f32');
  const make = (of: StoredFormat, encoding: Encoding): EncodedMatrix => {
    try {
      return matrixFromArrays(of, [rows, columns], encoding, { device });
    } catch (error) {
      if (!(error instanceof ArgumentError)) throw error;
      // In terms of the arrays of the file, where their own reader sees it too.
      decodeLayout(layout, name, arrays, own ? 'i8' : 'f32', shape);
      throw new FormatError(name, 0, error.message);
    }
  };
  const zeros = own && arrays.has('_zero') ? unstore(`${name}_zero`, arrays.get('_zero'), 'i8') : undefined;
  if (own && (zeros || group !== undefined)) {
    const codes = layout === 'dense' ? unstore(name, arrays.get(''), 'i8') : undefined;
    const width = group ?? Math.max(16, 2 ** Math.ceil(Math.log2(columns)));
    if (!codes || bits > 4 || own.length === 1 || !int4.options.group.holds(width)) return undefined;
    return make(int4, int4Of(codes, [rows, columns], { scales: own, zeros, group: width }));
  }
  if (layout === 'dense') {
    if (!own) return undefined;
    const codes = unstore(name, arrays.get(''), 'i8');
    return make(int8, {
      settings: { scales: own.length === 1 ? 'matrix' : 'row' },
      arrays: {
        codes: { dtype: 'i8', shape: [rows, columns], data: codes },
        scales: { dtype: 'f32', shape: [own.length], data: own },
      },
    });
  }
  const values = unstore(`${name}_values`, arrays.get('_values'), own ? 'i8' : 'f32');
  const perRow = own?.length === 1 ? new Float32Array(rows).fill(own[0] as number) : own;
  const found = sparse[layout]?.({
    name,
    arrays,
    rows,
    columns,
    settings: { values: own ? 'int8' : 'f32' },
    values: {
      values: { dtype: own ? 'i8' : 'f32', shape: [values.length], data: values },
      ...(perRow && { scales: { dtype: 'f32', shape: [rows], data: perRow } }),
    },
  });
  return found && make(...found);
}
