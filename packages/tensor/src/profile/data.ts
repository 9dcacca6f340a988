/** What was seen while something ran, as plain data that crosses to other threads and processes. */
import type { KernelSpec } from '../kernel/spec.ts';

/** All calls of one kernel. */
export interface KernelTimes {
  /** What it computes, element by element; `a`, `b` … are its buffers. */
  readonly text: string;
  readonly kind: KernelSpec['kind'];
  /** What the device that ran it is called: its name, with a number where several that ran have it. */
  readonly device: string;
  /** Among how many threads a call is divided at most. */
  readonly threads: number;
  readonly calls: number;
  /** Milliseconds of all calls. */
  readonly ms: number;
  /** Floating-point operations of all calls; undefined of a user's kernel that does not say. */
  readonly flops: number | undefined;
  /** Bytes that all calls have to move at least, each operand once a call. */
  readonly bytes: number;
}

/** Calls and plans one by one, in the order in which they ended: an element of each array for one. */
export interface Happenings {
  /** Positions among the kernels; -1: a plan was made. */
  readonly kernel: Int32Array<ArrayBuffer>;
  /** Milliseconds since the beginning. */
  readonly start: Float64Array<ArrayBuffer>;
  readonly ms: Float64Array<ArrayBuffer>;
  /** NaN where that is unknown. */
  readonly flops: Float64Array<ArrayBuffer>;
  readonly bytes: Float64Array<ArrayBuffer>;
}

/** What was seen while one function ran. */
export interface ProfileData {
  /** What ran. */
  readonly name: string;
  /** When it began, in milliseconds since 1970. */
  readonly began: number;
  /** Milliseconds that it took. */
  readonly ms: number;
  /** Milliseconds of those in which plans were made and kernels assembled. */
  readonly planningMs: number;
  readonly kernels: readonly KernelTimes[];
  readonly happenings: Happenings;
  /** Calls and plans that are counted and are not among the happenings, as there were too many. */
  readonly untold: number;
}
