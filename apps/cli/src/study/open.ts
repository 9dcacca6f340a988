/** Creates and opens studies for commands: what their trials do and when they end is stored with them. */
import { Option, type Command } from 'commander';
import {
  StudyError,
  auto,
  createStudy,
  earlyStoppingNamed,
  earlyStoppingNames,
  shownUrl,
  strategyNamed,
  strategyNames,
  type DuplicatePolicy,
  type JsonObject,
  type Study,
} from '@espalier/search';
import { wholeNumberFrom } from '../cli/options.ts';
import { pluginFlags } from '../cli/plugin.ts';
import type { Session } from '../cli/session.ts';
import { shellCommand } from '../cli/shell.ts';
import { UsageError } from '../errors.ts';
import { shortened } from '../terminal/visible.ts';
import { checkTarget, stopConditions, stopsOf, storedStops, withStopOptions, type StopOptions } from './stops.ts';
import { openNamedStudy, prepareStorage, withStorageOptions, type StorageOptions } from './storage.ts';
import { storageFlags } from './resume-command.ts';
import { storedTask, taskOf, type Task } from './task.ts';
import { checkDigest, type Trust } from './trust.ts';

/** Options that define a study. */
export interface CreateOptions extends StorageOptions, StopOptions {
  readonly strategy?: string;
  readonly strategyOptions?: JsonObject;
  readonly earlyStopping?: string;
  readonly earlyStoppingOptions?: JsonObject;
  readonly duplicates?: DuplicatePolicy;
  readonly retries?: number;
  readonly seed?: number;
}

/** A parser of JSON objects. */
function jsonObject(text: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw new UsageError(`${shortened(text)} is no JSON object: write it like '{"population": 30}'`);
}

/** Adds the options that define a study. */
export function withCreateOptions(command: Command): Command {
  withStopOptions(command);
  command
    .addOption(new Option('--strategy <name>', 'how to search (default: auto)').choices(strategyNames))
    .option('--strategy-options <json>', 'its options, such as \'{"population": 30}\'', jsonObject)
    .addOption(new Option('--early-stopping <name>', 'what ends trials early').choices(earlyStoppingNames))
    .option('--early-stopping-options <json>', 'its options', jsonObject)
    .addOption(
      new Option('--duplicates <policy>', 'what happens to a config that was tried before (default: avoid)').choices([
        'avoid',
        'reuse',
        'repeat',
      ]),
    )
    .option('--retries <n>', 'how often a trial whose worker vanished is tried again (default: 3)', wholeNumberFrom(0))
    .option('--seed <n>', 'what every random choice comes from (default: 0)', wholeNumberFrom(0));
  return withStorageOptions(command);
}

/** A plug-in by its name, if there is one; what is wrong with it is the user's mistake. */
function made<Made>(
  make: (name: string, options?: JsonObject) => Made,
  option: string,
  name: string | undefined,
  options: JsonObject | undefined,
): Made | undefined {
  if (name === undefined) {
    if (options === undefined) return undefined;
    throw new UsageError(`--${option}-options are options of nothing: give --${option} too`);
  }
  try {
    return make(name, options);
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/**
 * Creates a study of the task of a file, which keeps in its attributes what its trials do and when it ends.
 * @throws {UsageError} when the options make none, or there is one of the name.
 */
export async function createTaskStudy(
  { plugins }: Pick<Session, 'plugins'>,
  name: string,
  task: Task,
  file: string | undefined,
  options: CreateOptions,
): Promise<Study> {
  const { storage, trials = null, duplicates, retries, seed } = options;
  const stop = stopsOf(options);
  // A study whose end cannot be read could be neither run nor created again.
  stopConditions(stop);
  // As `maximize accuracy` and `latency <= 2ms` are written.
  const metrics = [
    ...task.objectives.map((text) => text.trim().split(/\s+/u).at(-1) ?? ''),
    ...(task.constraints ?? []).map((text) => text.trim().split(/\s+/u)[0] ?? ''),
  ];
  checkTarget(stop, metrics);
  const strategy = made(strategyNamed, 'strategy', options.strategy, options.strategyOptions);
  const stopping = made(earlyStoppingNamed, 'early-stopping', options.earlyStopping, options.earlyStoppingOptions);
  const earlyStopping = stopping ?? task.earlyStopping;
  await prepareStorage(storage);
  try {
    return await createStudy<Record<string, never>, string, string>({
      name,
      storage,
      space: task.space as never,
      objectives: task.objectives,
      constraints: task.constraints ?? [],
      attributes: { task: task.source, stop },
      strategy: strategy ?? task.strategy ?? auto({ trials }),
      ...(earlyStopping === undefined ? {} : { earlyStopping }),
      ...(duplicates === undefined ? {} : { duplicates }),
      ...(retries === undefined ? {} : { retries }),
      ...(seed === undefined ? {} : { seed }),
    });
  } catch (error) {
    if (!(error instanceof StudyError) || error.code !== 'exists') throw error;
    const resume = shellCommand([
      'study',
      'resume',
      name,
      ...(file === undefined ? [] : [file]),
      ...storageFlags(storage),
      ...pluginFlags(plugins),
    ]);
    throw new UsageError(
      `${shownUrl(storage)} holds a study '${name}' already: choose another name, or go on with it: ${resume}`,
    );
  }
}

/** How a study is opened to be worked on. */
interface TaskOptions {
  readonly storage: string;
  /** The file that says what the trials do; left out, the study says it. */
  readonly source?: string | undefined;
  readonly trust?: Trust;
}

/**
 * Opens a study, with what its trials do: as a file says, or else as the study does.
 * @throws {UsageError} when neither says it, or the study names code that the user does not trust.
 */
export async function openTaskStudy(
  name: string | undefined,
  { storage, source, trust }: TaskOptions,
): Promise<{ readonly study: Study; readonly task: Task }> {
  const study = await openNamedStudy(name, storage);
  try {
    if (source !== undefined) await checkDigest(source, trust);
    const task = await (source === undefined
      ? storedTask(study.name, study.attributes['task'], trust)
      : taskOf(source));
    return { study, task };
  } catch (error) {
    await study.close();
    throw error;
  }
}

/** The stop conditions to go by: those of the command line, or those that the study was created with. */
export function stopsFor(study: Study, options: StopOptions): StopOptions {
  const given = stopsOf(options);
  if (Object.keys(given).length > 0) return given;
  return storedStops(study);
}
