/**
 * Storages as the command line names them, checked before anything is opened: opening a file that is not there would
 * make it.
 */
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { nearest } from '@espalier/pipeline';
import { Option, type Command } from 'commander';
import {
  StudyError,
  openStorage,
  openStudy,
  registerStorage,
  shownUrl,
  storageSchemes,
  storageType,
  type Study,
} from '@espalier/search';
import { storageTypes } from '@espalier/storage';
import { makeFolder } from '@espalier/nn/node';
import { withCommonOptions } from '../cli/options.ts';
import { withPlugins } from '../cli/plugin.ts';
import type { CommonOptions } from '../cli/session.ts';
import { UsageError } from '../errors.ts';
import { checkPath } from '../output/place.ts';

/** Where studies are kept unless the user says otherwise. */
const defaultStorage = 'sqlite:runs/studies.db';

/** The storage that is gone with its process. */
export const memoryUrl = 'memory:';

/** The variable of the environment that names the storage where --storage does not. */
export const storageVariable = 'ESPALIER_STORAGE';

/** Options of every command on a study. */
export interface StorageOptions extends CommonOptions {
  readonly storage: string;
}

// Those that need Node are known before a study asks for one, so that a URL of another kind is refused before anything is done.
for (const type of storageTypes) registerStorage(type);

/** The kinds of storages that a command line can name: IndexedDB is in browsers only. */
const kinds = (): readonly string[] => storageSchemes().filter((scheme) => scheme !== 'indexeddb');

/** A parser of storage URLs, which refuses those of no known kind before anything is done. */
function storageUrl(url: string): string {
  const shown = shownUrl(url);
  const [, kind, rest = ''] = /^([a-z][a-z0-9+.-]*):(.*)$/iu.exec(url) ?? [];
  if (kind !== undefined && kinds().includes(kind)) {
    // Nothing else could be meant by whatever follows.
    if (kind === 'memory') return memoryUrl;
    if (rest !== '') return url;
    throw new UsageError(`--storage ${shown}: it names nothing: write sqlite:FILE, postgres://… or journal:FILE`);
  }
  if (kind === undefined) throw new UsageError(`--storage ${shown}: this is no URL: write sqlite:${shown}`);
  const near = nearest(kind, kinds());
  const meant = near === undefined ? '' : `did you mean '${near}:'? `;
  const known = kinds().join(', ');
  throw new UsageError(
    `--storage ${shown}: there is no kind '${kind}:': ${meant}write sqlite:FILE, postgres://… or journal:FILE; known are ${known}, and what a --plugin registers`,
  );
}

/** Adds --storage and the common options. */
export function withStorageOptions(command: Command): Command {
  const option = new Option('--storage <url>', 'sqlite:FILE, postgres://…, or journal:FILE');
  // From the environment no other user of the machine sees a password in it, as in a list of processes.
  command.addOption(option.env(storageVariable).default(defaultStorage).argParser(storageUrl));
  return withCommonOptions(withPlugins(command));
}

/** The file of a storage that is one. */
function fileOf(storage: string): string | undefined {
  return /^(?:sqlite|journal):([^?]+)/u.exec(storage)?.[1];
}

/** The files that a storage writes. */
export function filesOf(storage: string): readonly string[] {
  const file = fileOf(storage);
  return file === undefined ? [] : ['', '-wal', '-shm', '-journal', '.lock'].map((ending) => `${file}${ending}`);
}

/**
 * Whether a file is there.
 * @throws {UsageError} when it is a folder.
 */
async function isThere(storage: string, path: string): Promise<boolean> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (found?.isDirectory() === true) throw new UsageError(`${storage}: this is a folder: name a file in it`);
  return found !== undefined;
}

/**
 * Refuses a storage that no other process can see, for what has to outlast this one or be shared.
 * @throws {UsageError} for such a storage.
 */
export function refuseMemory(storage: string): void {
  if (storage !== memoryUrl) return;
  throw new UsageError(
    'memory: is gone when this process ends: give --storage sqlite:FILE, postgres://… or journal:FILE',
  );
}

/**
 * Refuses several processes on a storage that one process writes.
 * @throws {UsageError} for such a storage.
 */
export async function refuseUnshared(url: string): Promise<void> {
  // A kind that does not say is asked when it is open.
  let shared = storageType(url.slice(0, url.indexOf(':')))?.shared;
  if (shared === undefined) {
    const storage = await openStorage(url);
    ({ shared = false } = storage);
    await storage.close();
  }
  if (shared) return;
  throw new UsageError(
    `--processes: ${shownUrl(url)} is for a single process: give --storage sqlite:FILE or postgres://…, or --workers instead`,
  );
}

/** Makes the folder of a storage that is a file. */
export async function prepareStorage(storage: string): Promise<void> {
  const path = fileOf(storage);
  if (path === undefined || (await isThere(storage, path))) return;
  await checkPath(path, '--storage');
  await makeFolder(dirname(path));
}

/**
 * Makes sure that there is something to open, for opening a file that is not there would make it.
 * @throws {UsageError} when there is not.
 */
export async function checkStorage(storage: string): Promise<void> {
  refuseMemory(storage);
  const path = fileOf(storage);
  if (path === undefined || (await isThere(storage, path))) return;
  throw new UsageError(
    `${storage}: there is no such file: check --storage, or make a study: espalier study run --help`,
  );
}

/**
 * Makes sure that there is a file.
 * @throws {UsageError} when there is not.
 */
export async function checkFile(path: string): Promise<void> {
  if (!(await isThere(path, path))) throw new UsageError(`${path}: there is no such file: check the path`);
}

/** The URL of a storage for who only looks: a journal has one writer, who may be at it. */
function toLookAt(url: string): string {
  return url.startsWith('journal:') && !url.includes('?') ? `${url}?mode=ro` : url;
}

/** The studies of a storage. */
export async function studyNames(url: string): Promise<readonly string[]> {
  await checkStorage(url);
  const storage = await openStorage(toLookAt(url));
  try {
    return await storage.listStudies();
  } finally {
    await storage.close();
  }
}

/** How many names a message lists. */
const listed = 8;

/** What to say when a study was not named, or by a name that no study has. */
function missing(name: string | undefined, url: string, names: readonly string[]): string {
  const storage = shownUrl(url);
  if (names.length === 0) return `${storage} holds no study: make one: espalier study run --help`;
  const shown = names.slice(0, listed).map((each) => `'${each}'`);
  const all = [...shown, ...(names.length > listed ? [`${names.length - listed} more`] : [])].join(', ');
  const choose = `holds ${all}: name one of them`;
  if (name === undefined) return `${storage} ${choose}`;
  const near = nearest(name, names);
  return `${storage} has no study '${name}': ${near === undefined ? `it ${choose}` : `did you mean '${near}'?`}`;
}

/**
 * Opens a study; without a name, the only one of its storage.
 * @throws {UsageError} when there is none, saying which there are.
 */
export async function openNamedStudy(name: string | undefined, storage: string): Promise<Study> {
  await checkStorage(storage);
  try {
    return await openStudy({ storage, ...(name === undefined ? {} : { name }) });
  } catch (error) {
    if (!(error instanceof StudyError) || error.code !== 'missing') throw error;
    throw new UsageError(missing(name, storage, await studyNames(storage)));
  }
}

/** As {@link openNamedStudy}, for who only looks, also while another process writes. */
export function lookAtStudy(name: string | undefined, storage: string): Promise<Study> {
  return openNamedStudy(name, toLookAt(storage));
}
