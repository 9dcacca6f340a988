/** What a command is told of the kernels that it runs, by `--profile`: a table or JSON, and a trace in a file. */
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { writeFileAtomic } from '@espalier/nn/node';
import { openDevice, type DeviceKind } from '@espalier/pipeline';
import { measurePeaks, profile, profileOf, type Profile, type ProfileData } from '@espalier/tensor';
import { UsageError } from '../errors.ts';
import { writeOutputFile } from '../output/output-file.ts';
import { checkPath, foundAt } from '../output/place.ts';

/** Options of a command that say whether and where. */
export interface ProfilingOptions {
  /** A file for the trace; true: one in the folder that the command writes, else in the current one. */
  readonly profile?: string | true;
  readonly output?: string;
  readonly overwrite?: boolean;
}

/** Where the table is said. */
interface Log {
  log(text: string): void;
}

/** The name of a trace that nobody named. */
const ownName = 'profile.json';

/** The first name in the current folder that is free. */
function freeFile(): string {
  let [path, number] = [ownName, 1];
  while (foundAt(path) !== undefined) path = ownName.replace('.', `-${++number}.`);
  return path;
}

/** Gathers what jobs tell of their kernels. */
export class Profiling {
  readonly #options: ProfilingOptions;
  readonly #parts: ProfileData[] = [];
  /** The folder that the command writes, once it is there. */
  #folder: string | undefined;
  #file: string | undefined;
  #profile: Profile | undefined;

  constructor(options: ProfilingOptions) {
    this.#options = options;
  }

  /** What is added to the result of a command that is told as JSON. */
  get told(): object {
    return this.#profile ? { profile: { file: this.#file, ...this.#profile.toJSON() } } : {};
  }

  /**
   * Runs what computes in workers, which tell their parts; then measures the machine, and writes the trace.
   * @throws {UsageError} for a file that is there, before anything is computed.
   */
  async inWorkers<Result>(
    where: Log,
    run: (onPart: (part: ProfileData) => void, opened: (kind: DeviceKind) => void) => Promise<Result>,
  ): Promise<Result> {
    await this.#checkFile();
    let kind: DeviceKind = 'cpu';
    const result = await run(
      (part) => void this.#parts.push(part),
      (opened) => void (kind = timed(opened)),
    );
    await this.#tell(kind, where);
    return result;
  }

  /**
   * The same of what computes in this thread.
   * @throws {UsageError} as above.
   */
  async here<Result>(where: Log, kind: DeviceKind, name: string, run: () => Promise<Result>): Promise<Result> {
    return this.inWorkers(where, async (onPart, opened) => {
      opened(kind);
      const { result, parts } = await profile(run, { name, peaks: false });
      for (const part of parts) onPart(part);
      return result;
    });
  }

  /** Puts the trace, as far as it goes, among the files of a folder that is about to be complete. */
  async into(work: string, path: string): Promise<void> {
    const { profile: file, output = path } = this.#options;
    // A model that becomes a file lies in a folder for the time only.
    if (file !== true || resolve(output) !== resolve(path)) return;
    await writeFileAtomic(join(work, ownName), JSON.stringify(profileOf(this.#parts).trace()));
    this.#folder = path;
  }

  async #checkFile(): Promise<void> {
    const { profile: file, overwrite = false } = this.#options;
    if (typeof file !== 'string' || file === this.#file) return;
    await checkPath(file, '--profile');
    const found = foundAt(file);
    if (found === undefined || (overwrite && found.isFile())) return;
    throw new UsageError(`${file}: this is there already: name another file for --profile, or move it away`);
  }

  async #tell(kind: DeviceKind, where: Log): Promise<void> {
    const { device } = await openDevice(kind);
    const made = profileOf(this.#parts, { [device.name]: measurePeaks(device) });
    const text = JSON.stringify(made.trace());
    if (this.#folder !== undefined) {
      this.#file = join(this.#folder, ownName);
      await writeFileAtomic(this.#file, text);
    } else {
      const { profile: file, overwrite = false } = this.#options;
      const isOwn = this.#file !== undefined;
      this.#file ??= typeof file === 'string' ? file : freeFile();
      await writeOutputFile({ path: this.#file, overwrite: isOwn || overwrite }, (path) => writeFile(path, text));
    }
    this.#profile = made;
    where.log(`${String(made)}\ntrace: ${this.#file}, for chrome://tracing or ui.perfetto.dev`);
  }
}

/**
 * A device whose kernels this process can time.
 * @throws {UsageError} for another.
 */
function timed(kind: DeviceKind): DeviceKind {
  if (kind !== 'webgpu') return kind;
  throw new UsageError(
    '--profile: kernels on webgpu run beside the processor, whose clock cannot tell how long each takes: give --device cpu',
  );
}
