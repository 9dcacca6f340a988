/** A piece of work that can run in a worker. */
import type { Device } from '@espalier/tensor';
import { aFunction, anObject, aText, check, ruleOf } from '@espalier/tensor/arguments';
import { createRegistry } from '../registry.ts';

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

/** A job as it is known by its name. */
export interface JobType<Input = unknown, Output = unknown> {
  readonly name: string;
  readonly run: Job<Input, Output>;
}

const aJob = ruleOf<JobType>(
  'a job: { name, run }',
  (value) => anObject.holds(value) && aText.holds(value['name']) && aFunction.holds(value['run']),
);

const jobs = createRegistry<JobType<never>>('job');

/**
 * Makes a job known by its name, in this thread: workers know those of the modules that they are started with.
 * @throws {ConfigError} if its name is taken by another one.
 * @throws {ArgumentError} for what is none.
 */
export function registerJob<Input, Output>(job: JobType<Input, Output>): void {
  check('registerJob', 'job', job, aJob);
  jobs.register('registerJob', job);
}

/**
 * The job of a name.
 * @throws {UsageError} when this thread knows none.
 */
export function jobNamed(name: string): JobType {
  return jobs.named(name) as JobType;
}
