import { Option } from 'commander';
import type { Command } from 'commander';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import {
  auto,
  createStudy,
  earlyStoppingNamed,
  earlyStoppingNames,
  openStudy,
  strategyNamed,
  strategyNames,
} from '@espalier/search';
import type { DuplicatePolicy, JsonObject, Study } from '@espalier/search';
import { wholeNumberFrom, withCommonOptions } from '../cli/options.ts';
import type { CommonOptions } from '../cli/session.ts';
import { UsageError } from '../errors.ts';
import { stopsOf, withStopOptions } from './stops.ts';
import type { StopOptions } from './stops.ts';
import { storedTask } from './task.ts';
import type { Task } from './task.ts';

/** Where studies are kept unless the user says otherwise. */
export const defaultStorage = 'sqlite:runs/studies.db';

/** Options of every command on a study. */
export interface StorageOptions extends CommonOptions {
  readonly storage: string;
}

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
  throw new UsageError(`${text} is no JSON object: write it like '{"population": 30}'`);
}

/** Adds --storage and the common options. */
export function withStorageOptions(command: Command): Command {
  command.option('--storage <url>', 'sqlite:FILE, postgres://…, or journal:FILE', defaultStorage);
  return withCommonOptions(command);
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

/** Makes the folder of a storage that is a file. */
export async function prepareStorage(storage: string): Promise<void> {
  const [, path] = /^(?:sqlite|journal):(.+)$/u.exec(storage) ?? [];
  if (path !== undefined) await mkdir(dirname(path), { recursive: true });
}

/** A plug-in by its name; what is wrong with it is the user's mistake. */
function made<Made>(make: (name: string, options?: JsonObject) => Made, name: string, options?: JsonObject): Made {
  try {
    return make(name, options);
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** Creates a study of a task, which keeps in its attributes what its trials do and when it ends. */
export async function createTaskStudy(name: string, task: Task, options: CreateOptions): Promise<Study> {
  const {
    storage,
    strategy: strategyName,
    strategyOptions,
    earlyStopping: stoppingName,
    duplicates,
    retries,
    seed,
  } = options;
  await prepareStorage(storage);
  const { trials = null } = options;
  const usual = task.strategy ?? auto({ trials });
  const strategy = strategyName === undefined ? usual : made(strategyNamed, strategyName, strategyOptions);
  const earlyStopping =
    stoppingName === undefined
      ? task.earlyStopping
      : made(earlyStoppingNamed, stoppingName, options.earlyStoppingOptions);
  return createStudy<Record<string, never>, string, string>({
    name,
    storage,
    space: task.space as never,
    objectives: task.objectives,
    constraints: task.constraints ?? [],
    attributes: { task: task.source, stop: stopsOf(options) },
    strategy,
    ...(earlyStopping === undefined ? {} : { earlyStopping }),
    ...(duplicates === undefined ? {} : { duplicates }),
    ...(retries === undefined ? {} : { retries }),
    ...(seed === undefined ? {} : { seed }),
  });
}

/** Opens a study, with what its trials do. @throws UsageError when it does not say. */
export async function openTaskStudy(
  name: string | undefined,
  storage: string,
): Promise<{ readonly study: Study; readonly task: Task }> {
  const study = await openStudy({ storage, ...(name === undefined ? {} : { name }) });
  try {
    return { study, task: await storedTask(study.name, study.attributes['task']) };
  } catch (error) {
    await study.close();
    throw error;
  }
}

/** The stop conditions to go by: those of the command line, or those that the study was created with. */
export function stopsFor(study: Study, options: StopOptions): StopOptions {
  const given = stopsOf(options);
  if (Object.keys(given).length > 0) return given;
  return (study.attributes['stop'] ?? {}) as StopOptions;
}
