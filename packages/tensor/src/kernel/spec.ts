/**
 * What the planner asks of a device: kernels as plain data. A device turns a spec into something it can run; the
 * spec says nothing about how. Equal specs (by `JSON.stringify`) are the same kernel, so devices cache by it.
 *
 * All strides and offsets are in elements of the binding's dtype. A stride may be 0 (broadcast) or negative (flip).
 */
import type { ComputeDType, DType } from '../dtype/dtype.ts';
import type { ScalarOp } from '../scalar/instructions.ts';
import type { GroupActivations } from './activations.ts';
import type { AttentionGradientSpec, AttentionSpec } from './attention-spec.ts';
import type { KernelDefinition } from './definition.ts';

export type { AttentionGradientSpec, AttentionShape, AttentionSpec } from './attention-spec.ts';

/** One buffer a kernel touches. `readwrite` means that each element is read before the same point writes it. */
export interface Binding {
  readonly dtype: DType;
  readonly access: 'read' | 'write' | 'readwrite';
}

/** Where an index of the iteration space lies in a binding: `offset + Σ index[d] · strides[d]`. */
export interface Access {
  readonly binding: number;
  readonly offset: number;
  readonly strides: readonly number[];
}

/**
 * A dimension that ends where an i32 says, which is read when the kernel starts and clamped to [0, size]: memory is that of
 * the size, and nothing beyond is read or written.
 */
export interface Limit {
  readonly dim: number;
  readonly binding: number;
  /** Of the i32 in its binding. */
  readonly offset: number;
}

/** How values are folded over the inner dimensions. All propagate NaN. */
export type ReduceOp = 'sum' | 'prod' | 'max' | 'min';

/**
 * One step of a loop body. Steps refer to the values of earlier steps by their position in the list.
 * A value is a *point value* if it depends on the inner index, else a *row value* (see `levels`).
 */
export type LoopInstruction =
  /** Reads `access`, widened to the compute dtype of the binding. */
  | { readonly kind: 'load'; readonly access: Access; readonly dtype: ComputeDType }
  /**
   * Reads `access` displaced by `index · stride`, where `index` is an earlier i32 value. The planner guarantees that
   * the element exists: it clamps indices and selects a filler for the ones outside.
   */
  | {
      readonly kind: 'gather';
      readonly access: Access;
      readonly index: number;
      readonly stride: number;
      readonly dtype: ComputeDType;
    }
  /** The affine number `offset + Σ index[d] · strides[d]` itself, wrapped to 32 bits. */
  | {
      readonly kind: 'index';
      readonly offset: number;
      readonly strides: readonly number[];
      readonly dtype: 'i32' | 'u32';
    }
  /** `value` is a number, or 'NaN', 'Infinity', '-Infinity', '-0' (JSON cannot carry those as numbers). */
  | { readonly kind: 'constant'; readonly value: number | string; readonly dtype: ComputeDType }
  /** `dtype` is that of the result; the arguments' is that of the first argument (of the second, for select). */
  | { readonly kind: 'scalar'; readonly op: ScalarOp; readonly args: readonly number[]; readonly dtype: ComputeDType }
  /** Folds a point value over all inner indices: a row value. The argument may be a row value too (it then counts once per inner index). */
  | { readonly kind: 'reduce'; readonly op: ReduceOp; readonly arg: number; readonly dtype: ComputeDType }
  /** Only in the epilogue of a contraction: the finished product at this output index. */
  | { readonly kind: 'accumulator'; readonly dtype: ComputeDType }
  /** Narrows to the binding's dtype and writes: once per point or once per row, as `each` says. */
  | {
      readonly kind: 'store';
      readonly access: Access;
      readonly arg: number;
      readonly each: 'point' | 'row';
      /** Displaces `access` by `index · stride`, as a gather does. */
      readonly displaced?: { readonly index: number; readonly stride: number };
    };

/**
 * A fused loop nest: maps, reductions and row kernels. For every index of `outer`: point values are computed over
 * `inner` as often as the reductions need (see `phases`), and stores happen once. With `inner` empty it is a pure map.
 * `inner` dimensions of total size 0 leave reductions at their identity (sum 0, prod 1, max lowest, min highest).
 * Stores write disjoint elements, and no element read is one written, except through a `readwrite` binding at the same point of a body with one walk (see `phases`).
 */
export interface LoopSpec {
  readonly kind: 'loop';
  readonly bindings: readonly Binding[];
  readonly outer: readonly number[];
  readonly inner: readonly number[];
  readonly body: readonly LoopInstruction[];
  /** Of [...outer, ...inner]. */
  readonly limits?: readonly Limit[];
}

/**
 * out[..batch, i, j] = Σ_k a[..batch, i, k] · b[..batch, k, j]; strides of `a` run over [...batch, m, k], of `b` over
 * [...batch, k, n], of `out` over [...batch, m, n]. Products of f16 and bf16 accumulate in f32.
 */
export interface MatmulSpec {
  readonly kind: 'matmul';
  readonly bindings: readonly Binding[];
  readonly batch: readonly number[];
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly a: Access;
  readonly b: Access;
  /** Absent when an epilogue stores the result. */
  readonly out?: Access;
  /** A pure map over [...batch, m, n] with one `accumulator`. */
  readonly epilogue?: readonly LoopInstruction[];
  /** Of [...batch, m, n, k]. */
  readonly limits?: readonly Limit[];
}

/** How the arrays of an encoded matrix lie; the files of `encoded/formats` say what is in them. */
export type EncodedLayout = (typeof encodedLayouts)[number];

/** All of these. */
export const encodedLayouts = ['int8', 'int4', 'int-n', 'csr', 'blocks', 'n-of-m', 'bitmask', 'codebook'] as const;

/** What a layout leaves open: plain values, part of the identity of a kernel. */
export type EncodedSettings = Readonly<Record<string, number | string | boolean>>;

/**
 * A product with a matrix W [rows, columns] that is not stored as one number after another. It sums over the `walks` of W:
 *
 *   columns: out[i, r] = Σ_c x[i, c] · W[r, c]        rows: out[i, c] = Σ_r x[i, r] · W[r, c]
 *
 * With activations `int8`, each row of x is first rounded to codes: half to even, with the scale max |x| / 127 (a row with
 * a value that is not finite gives NaN). With `int8-groups` each 32 elements of a row have a scale of their own, with
 * `int16-groups` too, of codes up to 32,767. With activations `codes`, x is i8, and meets W as the whole numbers it holds. All
 * else is f32 but the arrays of W. Sums are blocked as those of plain products.
 */
export interface EncodedMatmulSpec {
  readonly kind: 'encoded-matmul';
  readonly bindings: readonly Binding[];
  readonly layout: EncodedLayout;
  readonly settings: EncodedSettings;
  readonly rows: number;
  readonly columns: number;
  readonly walks: 'columns' | 'rows';
  readonly m: number;
  readonly activations: 'f32' | 'int8' | GroupActivations | 'codes';
  /** Strides over [m, columns or rows]. */
  readonly x: Access;
  /** The bindings of the arrays of W, contiguous, in the order of its layout. */
  readonly parts: readonly number[];
  /** Strides over [m, rows or columns]. Absent when an epilogue stores the result. */
  readonly out?: Access;
  /** A pure map over [m, rows or columns] with one `accumulator`. */
  readonly epilogue?: readonly LoopInstruction[];
  /** Of [m]. */
  readonly limits?: readonly Limit[];
}

/** The sizes of a 2-D convolution. `padding` is [top, left]; positions beyond the image read as 0. */
export interface Conv2dGeometry {
  readonly batch: number;
  readonly groups: number;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly inSize: readonly [height: number, width: number];
  readonly outSize: readonly [height: number, width: number];
  readonly kernel: readonly [height: number, width: number];
  readonly stride: readonly [height: number, width: number];
  readonly padding: readonly [top: number, left: number];
  readonly dilation: readonly [height: number, width: number];
}

/**
 * 2-D convolution (cross-correlation, as every framework means it) on contiguous NCHW images and OIHW weights
 * [outChannels, inChannels/groups, kernelHeight, kernelWidth], and its two gradients:
 * `forward` reads x, w, writes y; `input` reads y (the output's gradient) and w, writes x; `weight` reads x and y, writes w.
 */
export interface Conv2dSpec extends Conv2dGeometry {
  readonly kind: 'conv2d';
  readonly pass: 'forward' | 'input' | 'weight';
  readonly bindings: readonly Binding[];
  readonly x: Access;
  readonly w: Access;
  /** Absent when an epilogue stores the result of `forward`. */
  readonly y?: Access;
  /** Of `forward`: a pure map over [batch, outChannels, height, width of the result] with one `accumulator`. */
  readonly epilogue?: readonly LoopInstruction[];
}

/** Inclusive running fold along the middle of [outer, length, inner], contiguous in and out (bindings 0 and 1). */
export interface ScanSpec {
  readonly kind: 'scan';
  readonly bindings: readonly Binding[];
  readonly op: ReduceOp;
  readonly outer: number;
  readonly length: number;
  readonly inner: number;
}

/**
 * Stable sort of every row of [rows, length]: binding 0 in, binding 1 values out, binding 2 i32 positions out.
 * NaN counts as larger than everything (last ascending, first descending); equal elements keep their order.
 */
export interface SortSpec {
  readonly kind: 'sort';
  readonly bindings: readonly Binding[];
  readonly rows: number;
  readonly length: number;
  readonly descending: boolean;
}

/**
 * out = 0; then out[o, index[o, c, i], i] += source[o, c, i], over [outer, count, inner], c ascending (the order is part of
 * the meaning: results are deterministic). `out` is contiguous [outer, length, inner]. Indices outside [0, length) are dropped.
 */
export interface ScatterAddSpec {
  readonly kind: 'scatter-add';
  readonly bindings: readonly Binding[];
  readonly outer: number;
  readonly count: number;
  readonly inner: number;
  readonly length: number;
  readonly index: Access;
  readonly source: Access;
  readonly out: Access;
}

/**
 * A user's kernel; buffers are contiguous, inputs first, then outputs. `definition` is left out of the cache key.
 */
export interface CustomSpec {
  readonly kind: 'custom';
  readonly name: string;
  readonly id: number;
  readonly bindings: readonly Binding[];
  readonly inputShapes: readonly (readonly number[])[];
  readonly outputShapes: readonly (readonly number[])[];
  readonly attributes: Readonly<Record<string, number | string | boolean>>;
  /** Bytes of each piece of memory that it works in: the `scratch` of the kernel that a device prepares. */
  readonly scratch?: readonly number[];
  /** Its op decomposes into tensor operations where a device has nothing but the reference. */
  readonly decomposes?: true;
  /** What it multiplies and adds up, where it says. */
  readonly multiplyAccumulates?: number;
  readonly definition: KernelDefinition;
}

/** A kernel whose finished elements an epilogue can take on, on devices that `accept` it with one. */
export type ContractionSpec = MatmulSpec | EncodedMatmulSpec | Conv2dSpec;

/** Everything a device may be asked to run. */
export type KernelSpec =
  | LoopSpec
  | MatmulSpec
  | EncodedMatmulSpec
  | Conv2dSpec
  | AttentionSpec
  | AttentionGradientSpec
  | ScanSpec
  | SortSpec
  | ScatterAddSpec
  | CustomSpec;
