import type { Device } from '@espalier/tensor';

/** Hears how far a job is. */
export type ProgressListener = (done: number, total: number, note: string) => void;

/** What a job works with. */
export interface JobContext {
  /** The default device of its worker. */
  readonly device: Device;
  /** Whether the user has asked to stop. */
  readonly interrupt: { readonly aborted: boolean };
  readonly onProgress: ProgressListener;
}

/** A piece of work that can run in a worker: its input and output survive being copied. */
export type Job<Input, Output> = (input: Input, context: JobContext) => Promise<Output>;
