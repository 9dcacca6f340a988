/**
 * What a device is. Everything above this interface is shared; everything below it is a device's own affair.
 */
import type { DType } from '../dtype/dtype.ts';
import type { KernelSpec } from '../kernel/spec.ts';
import type { EncodedCosts } from './encoded-costs.ts';

/** Device memory. `bytes` is what was asked for; at least that much, rounded up to a multiple of 16, may be read. */
export interface DeviceBuffer {
  readonly bytes: number;
}

/** A part of a buffer that a kernel binds. `byteOffset` is a multiple of `capabilities.offsetAlignment`. */
export interface BufferRange {
  readonly buffer: DeviceBuffer;
  readonly byteOffset: number;
  /** Bytes the kernel may touch from `byteOffset` on. */
  readonly byteLength: number;
}

/** A kernel made ready by one device; opaque to everyone else. */
export interface PreparedKernel {
  readonly spec: KernelSpec;
  /**
   * Bytes of each piece of memory that it works in beside its bindings, as a device's way to run the spec needs it; absent
   * where that is none. Plans find room for them as for all that lives while they run.
   */
  readonly scratch?: readonly number[];
  /** Among how many threads a call of it is divided at most; absent where one runs it. */
  readonly threads?: number;
}

/**
 * One kernel on its buffers, in the order of `spec.bindings`, then a range for each of `kernel.scratch`: what is in these is
 * undefined before and after, and nobody else may have them meanwhile. Replayed plans pass the same object again, so
 * devices may cache by identity.
 */
export interface KernelCall {
  readonly kernel: PreparedKernel;
  readonly ranges: readonly BufferRange[];
}

/** What the planner may rely on. */
export interface DeviceCapabilities {
  /** Dtypes that can be stored and computed on. */
  readonly dtypes: ReadonlySet<DType>;
  /** Bytes to which binding offsets must be aligned; offsets that are not stay inside the kernel spec. */
  readonly offsetAlignment: number;
  /** Whether one kernel may read one part of a buffer and write another. */
  readonly bufferParts: boolean;
  /** Most bindings in one kernel; the planner splits larger fusions. */
  readonly maxBindings: number;
  /** Whether `readSync` works. */
  readonly synchronousRead: boolean;
}

/** Bytes and buffers alive on a device. */
export interface DeviceMemory {
  readonly bytes: number;
  readonly buffers: number;
}

/** A place where kernels run. Calls are ordered: a read sees every run before it. */
export interface Device {
  /** What people are told it by; others may have the same, and code tells devices apart as objects: `reference`, `cpu`, `webgpu`, `webgpu:swiftshader` … */
  readonly name: string;
  /** One line for people: what hardware or engine this is. */
  readonly description: string;
  readonly capabilities: DeviceCapabilities;
  /** What products with encoded matrices cost here; absent where it was not measured, and all run from their arrays. */
  readonly encodedCosts?: EncodedCosts | undefined;

  /** Every device runs `loop` specs on its dtypes; this says whether it also takes the given other spec. The planner decomposes what it can. */
  accepts(spec: KernelSpec): boolean;
  /**
   * Contents are undefined.
   * @throws {OutOfMemoryError} when memory runs out, garbage included.
   */
  allocate(bytes: number): DeviceBuffer;
  free(buffer: DeviceBuffer): void;
  write(buffer: DeviceBuffer, byteOffset: number, data: Uint8Array): void;
  read(buffer: DeviceBuffer, byteOffset: number, byteLength: number): Promise<Uint8Array<ArrayBuffer>>;
  /**
   * A copy of the bytes, at once.
   * @throws {DeviceError} naming the async call where that is impossible.
   */
  readSync(buffer: DeviceBuffer, byteOffset: number, byteLength: number): Uint8Array<ArrayBuffer>;
  /** Compiles, or finds in the device's cache of the kernels that were asked for last. */
  prepare(spec: KernelSpec): PreparedKernel;
  /** Runs the calls in order. */
  run(calls: readonly KernelCall[]): void;
  /**
   * Resolves when everything asked for so far has been done.
   * @throws {DeviceError} if something failed.
   */
  synchronize(): Promise<void>;
  memory(): DeviceMemory;
  /**
   * Another that computes alike and has memory of its own, which whoever asked disposes of: for measuring what the machine can do.
   * Absent where this one may be used for that.
   */
  twin?(): Device;
  dispose(): void;
}
