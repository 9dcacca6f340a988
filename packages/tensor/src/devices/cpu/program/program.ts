/**
 * What a kernel of this device is, once compiled: plain values. They can be copied to a worker thread, and run there on the
 * same memory or on a copy of it (`runner.ts`).
 *
 * A program is a list of calls with numbers. Its outermost loop is a range of units, whose results lie apart: whoever runs
 * the units of a part of the range makes the calls that serve any of them. What serves several units writes to the
 * workspace of whoever runs it, and what writes results serves one, or is told the part.
 */
import type { ProcedureName, ProcedureParameters } from './procedures.ts';

/** A WebAssembly module in the binary format, which imports the memory of the device and functions of the host. */
export interface Code {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Whether it imports functions of the host. */
  readonly needsHost: boolean;
}

/** What can be called: an export of a module, or what the host computes by itself. */
export type Routine =
  | { readonly code: Code; readonly name: string }
  | { readonly procedure: ProcedureName; readonly parameters: ProcedureParameters };

/** The numbers that a run gives: a zero, the workspace, the part of the range, then the addresses of the bindings. */
export const slots = { zero: 0, workspace: 1, begin: 2, end: 3, bindings: 4 } as const;

/** An i32: what a slot holds, plus `offset`, plus `step` for each repetition before. */
export interface Argument {
  readonly slot: number;
  readonly offset: number;
  readonly step: number;
}

/** A call of `routines[routine]`. */
export interface Call {
  readonly routine: number;
  readonly arguments: readonly Argument[];
}

/** Calls that are made `repetitions` times. Repetition r serves the units from `first + r · units` on, so many of them. */
export interface Step {
  readonly first: number;
  readonly units: number;
  readonly repetitions: number;
  readonly calls: readonly Call[];
  /** The address of an i32: calls are only made if it is not 0 by then. */
  readonly condition?: Argument;
}

/** A compiled kernel. */
export interface Program {
  readonly routines: readonly Routine[];
  /** Units of its outermost loop. */
  readonly range: number;
  readonly steps: readonly Step[];
  /** Bytes of workspace, and who is told to have asked for them when there is no room. */
  readonly workspaceBytes: number;
  readonly operation: string;
  /** Tables in memory that calls read, which stay there as long as this value. */
  readonly tables: readonly Table[];
}

/** Numbers in the memory of the device. */
export interface Table {
  readonly address: number;
}
