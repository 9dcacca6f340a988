/** What a user gives to `defineKernel`, and what devices see of it. */
import type { DType, TypedArray } from '../dtype/dtype.ts';

/** Attributes of one call: JSON values that select a variant of the kernel. */
export type KernelAttributes = Readonly<Record<string, number | string | boolean>>;

/** Shapes, dtypes and attributes of one call, from which implementations specialise themselves. */
export interface KernelSite {
  readonly inputs: readonly { readonly shape: readonly number[]; readonly dtype: DType }[];
  readonly outputs: readonly { readonly shape: readonly number[]; readonly dtype: DType }[];
  readonly attributes: KernelAttributes;
}

/**
 * Arrays of one call on a device whose memory JavaScript can see; 16-bit floats arrive as raw patterns. The pieces of
 * `scratch` begin at multiples of 8 bytes, so that arrays of any kind can be made over them.
 */
export type HostImplementation = (
  site: KernelSite,
  inputs: readonly TypedArray[],
  outputs: readonly TypedArray[],
  scratch: readonly Uint8Array[],
) => void;

/** A WGSL implementation specialised for one site. */
export interface WgslImplementation {
  /**
   * The whole module. Buffers are bound in group 0: inputs as `var<storage, read>` in order, then outputs
   * and then the pieces of scratch as `var<storage, read_write>`.
   */
  readonly code: string;
  readonly entryPoint?: string;
  /** Workgroups in x, y, z. */
  readonly workgroups: readonly [number, number, number];
}

/** The device-facing part of a kernel made by `defineKernel`. */
export interface KernelDefinition {
  readonly name: string;
  /** Plain, obviously right TypeScript in doubles: the oracle, and what runs where nothing else does. */
  readonly reference: (
    site: KernelSite,
    inputs: readonly Float64Array[],
    outputs: readonly Float64Array[],
    scratch: readonly Uint8Array[],
  ) => void;
  /**
   * Bytes of each piece of memory that its implementations work in, from shapes, dtypes and attributes. Plans find room for
   * it as for other values, on every device; what is in it is undefined when the kernel starts, and nobody sees it afterwards.
   */
  readonly scratch?: (site: KernelSite) => readonly number[];
  /** Runs on the cpu device, on views of its memory. */
  readonly cpu?: HostImplementation;
  readonly wgsl?: (site: KernelSite) => WgslImplementation;
}
