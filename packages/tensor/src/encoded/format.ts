/** What a matrix format is: how a matrix is stored other than as one number after another, and what that means. */
import type { OptionRules } from '../arguments/rules.ts';
import type { DType, TypedArray } from '../dtype/dtype.ts';
import type { EncodedLayout, EncodedSettings } from '../kernel/spec.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** Rows and columns. */
export type MatrixShape = readonly [rows: number, columns: number];

/** One array of an encoded matrix, in JavaScript memory. */
export interface EncodedArray {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: TypedArray;
}

/** The arrays of an encoded matrix by their names. */
export type EncodedArrays = Readonly<Record<string, EncodedArray>>;

/** A matrix in a format: its settings, and its arrays. */
export interface Encoding {
  readonly settings: EncodedSettings;
  readonly arrays: EncodedArrays;
}

/**
 * A way to store a matrix, and what is stored means. `int8`, `csr` and the others of this package are values of this type,
 * and anybody's own may stand beside them: a format without `layout` computes through `expand`, on every device.
 */
export interface StoredFormat {
  /** A short name, as files and reports carry it. */
  readonly name: string;
  /** The layout of its arrays, for which devices have kernels. */
  readonly layout?: EncodedLayout;
  /** The names of its arrays, in the order in which kernels of the layout bind them. */
  readonly arrays: (settings: EncodedSettings) => readonly string[];
  /**
   * In sparse formats the array of the values of entries that are there: what training changes. What is not there takes no
   * part in products, so that no infinity or NaN of the dense factor meets it; the dense matrix has zeros there, which make
   * NaN of those. Where that is, `expand` of ones tells.
   */
  readonly kept?: string;
  /**
   * The arrays of which each row of the matrix has a part of its own, along their first axis, in formats of which some rows
   * can be decoded without the others: rows are then what `expand` makes of those parts.
   */
  readonly byRow?: (settings: EncodedSettings) => readonly string[];
  /**
   * Some rows, f32 [n, columns], decoded without the others, in formats of which rows are found in other ways: `indices` is
   * i32 [n]. Of an index outside the matrix anything may come.
   */
  readonly take?: (
    arrays: Readonly<Record<string, Tensor>>,
    settings: EncodedSettings,
    shape: MatrixShape,
    indices: Tensor,
  ) => Tensor;
  /** Where it has no layout of its own: what its matrices may be turned into to compute from, in the memory of that format. */
  readonly kernelForm?: KernelForm;
  /**
   * Checks arrays that come from outside: everything that kernels rely on. Returns what is wrong with them, as a part of a
   * sentence, or undefined.
   */
  readonly flaw: (encoding: Encoding, shape: MatrixShape) => string | undefined;
  /** The dense matrix, f32 [rows, columns], by tensor operations; differentiable towards arrays of floats. */
  readonly expand: (arrays: Readonly<Record<string, Tensor>>, settings: EncodedSettings, shape: MatrixShape) => Tensor;
}

/** Another format of which a device may have kernels where it has none of this one, and the same values in it. */
export interface KernelForm {
  readonly format: StoredFormat;
  /** The same values in that format; undefined where it cannot hold them. */
  readonly to: (encoding: Encoding, shape: MatrixShape) => Encoding | undefined;
  /** What `to` made, as it was, of these settings. */
  readonly from: (encoding: Encoding, settings: EncodedSettings, shape: MatrixShape) => Encoding;
}

/** A way to store a matrix, and how a dense one is brought into it. */
export interface MatrixFormat<Options extends object = Record<never, never>> extends StoredFormat {
  /** Options of `encode`, with what they must be. */
  readonly options: OptionRules<Options>;
  /**
   * Encodes row-major values.
   * @throws {ArgumentError} for what the format cannot hold.
   */
  readonly encode: (values: Float32Array, shape: MatrixShape, options: Options) => Encoding;
}
