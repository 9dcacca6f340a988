/** A stage: a part of a run that takes what earlier ones came to, and can be gone on from. */
import type { Fields } from '../fields.ts';
import type { Host } from '../host/host.ts';
import type { Runner } from '../jobs/runner.ts';
import type { Pipeline } from './pipeline.ts';
import type { RunState } from './state.ts';

/** What a run has to work with. */
export interface Workshop {
  readonly host: Host;
  readonly runner: Runner;
  /** Where models and journals go, each row into the folder of its name. */
  readonly folder: string;
  readonly state: RunState;
  /** Whether this goes on with what the folder holds. */
  readonly resume: boolean;
  /** Versions that a report names, by what they are of. */
  readonly versions: Readonly<Record<string, string>>;
}

/** What a stage runs with. */
export interface StageContext<Options extends object = object> extends Workshop {
  readonly pipeline: Pipeline;
  readonly options: Options;
  /** What earlier stages came to, by name: all that it must have, and what there is of what it may have. */
  readonly inputs: Readonly<Record<string, unknown>>;
}

/** A part of a run. */
export interface Stage<Options extends object = object> {
  readonly name: string;
  /** What its options may be. */
  readonly options: Fields;
  /** The outputs of earlier stages that it must have. */
  readonly inputs: readonly string[];
  /** Those that it takes where there are any. */
  readonly optional?: readonly string[];
  /** What it comes to, each under a name of its own and as JSON. */
  readonly outputs: readonly string[];
  readonly run: (context: StageContext<Options>) => Promise<Readonly<Record<string, unknown>>>;
  /**
   * What it comes to depends on this and its inputs: a stage that was done under another key, or with other inputs, is done
   * again. Default: its options, the data, the task, the seed, the rows and the device.
   */
  readonly key?: (context: StageContext<Options>) => unknown;
  /** A line that tells what it came to. */
  readonly summary?: (outputs: Readonly<Record<string, unknown>>, context: StageContext<Options>) => string;
}
