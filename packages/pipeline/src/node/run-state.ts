/** The stages of a run that are done, kept in a file. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '@espalier/nn/node';
import { UsageError } from '../errors.ts';
import { createRunState, type RunState, type StageDone } from '../pipeline/state.ts';

interface StoredState {
  /** What the run was started with; a change makes what is done worthless. */
  readonly fingerprint: string;
  readonly done: Map<string, StageDone>;
}

/** The name of the file in the run's folder. */
export const stateFile = 'state.json';

async function readState(file: string, fingerprint: string): Promise<StoredState> {
  let state: unknown;
  try {
    state = JSON.parse(await readFile(file, 'utf8'));
  } catch {
    throw new UsageError(`${file}: there is nothing to resume: give --overwrite to start anew`);
  }
  if (Reflect.get(Object(state), 'fingerprint') !== fingerprint) {
    throw new UsageError(
      `${file}: it was made with another recipe, seed or device: resume with the same, or start anew by --overwrite`,
    );
  }
  if (!isStored(state)) throw new UsageError(`${file}: it is damaged: give --overwrite to start anew`);
  return { fingerprint, done: new Map(Object.entries(state.done)) };
}

/** Whether what was read is a state: what each stage came to is for the stage to check. */
function isStored(state: unknown): state is { readonly done: Readonly<Record<string, StageDone>> } {
  const done: unknown = Reflect.get(Object(state), 'done');
  if (typeof done !== 'object' || done === null || Array.isArray(done) || !isShallow(state)) return false;
  return Object.values(done).every((stage) => typeof Reflect.get(Object(stage), 'seconds') === 'number');
}

/** How deep a state may be nested: deeper than any stage nests what it came to, and not too deep to be written again. */
const deepest = 100;

function isShallow(value: unknown, left: number = deepest): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return left > 0 && Object.values(value).every((part) => isShallow(part, left - 1));
}

/**
 * Opens the state of a run in a folder.
 * @throws {UsageError} when there is nothing to resume, or it was started with something else.
 */
export async function openRunState(folder: string, fingerprint: string, resume: boolean): Promise<RunState> {
  const file = join(folder, stateFile);
  const state = resume ? await readState(file, fingerprint) : { fingerprint, done: new Map<string, StageDone>() };
  // One write after the other: of two stages that end together, the later write must hold both.
  let saving = Promise.resolve();
  const save = (): Promise<void> =>
    (saving = saving.then(() =>
      writeFileAtomic(file, JSON.stringify({ ...state, done: Object.fromEntries(state.done) })),
    ));
  await save();
  return createRunState(state.done, save);
}
