/** Folders that commands write: made beside their place, and put there when complete. */
import { createHash } from 'node:crypto';
import {
  accessSync,
  constants,
  existsSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmdirSync,
  statSync,
} from 'node:fs';
import { copyFile, mkdir, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { makeFolder, syncFolder } from '@espalier/nn/node';
import { FailedError, UsageError, exitCodes, reportOf } from '../errors.ts';
import { takeLock } from './lock.ts';
import {
  contentsOf,
  foreignIn,
  manifestFile,
  readManifest,
  removeEmpty,
  removeOwn,
  writeManifest,
  type Manifest,
} from './manifest.ts';
import { checkFolderPlace, foundAt } from './place.ts';
import { checkRoom } from './room.ts';

/** What the user says of an output folder that is not new. */
export interface FolderChoice {
  /** Replaces what this program wrote there before. */
  readonly overwrite?: boolean;
  /** Goes on with what was begun there. */
  readonly resume?: boolean;
}

/** Who adds files to a folder that is about to be complete. */
export interface FolderAddition {
  /** @param path where the folder goes from `work` */
  into(work: string, path: string): Promise<void>;
}

/** A folder that a command is to write. */
export interface FolderRequest extends FolderChoice {
  readonly path: string;
  /** The command's name. */
  readonly command: string;
  /** Files and folders that the command reads. */
  readonly sources: readonly string[];
  /** About how many bytes it will take. */
  readonly bytes: number;
  /** Whether what was begun is worth keeping, to go on with it. Default false. */
  readonly resumable?: boolean;
  /** Files of a complete folder that a command which resumes it goes on from. */
  readonly continues?: readonly string[];
  /** Adds files of its own, before the folder is complete. */
  readonly profiling?: FolderAddition | undefined;
}

/** A folder on its way to being complete. */
export interface OutputFolder {
  /** Where to write meanwhile. */
  readonly work: string;
  /** Puts what was written in its place, all at once. */
  readonly complete: () => Promise<void>;
}

/** Where the parts of an output folder lie while it is written. */
interface Places {
  /** The folder as the user named it. */
  readonly path: string;
  readonly work: string;
  /** What is being replaced, until that is done. */
  readonly old: string;
  readonly lock: string;
  /** Whether all that lies in the folder itself, because it cannot be renamed: a mount, or in a folder that is read only. */
  readonly isInside: boolean;
}

/** Names longer than this have no room for what is added to them. */
const longestName = 200;

function canWrite(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Whether a disk, or a part of one, was put at a folder, which then cannot be renamed. */
function isMount(folder: string): boolean {
  if (statSync(folder).dev !== statSync(dirname(folder)).dev) return true;
  try {
    const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
    const real = realpathSync(folder).replaceAll(' ', String.raw`\040`);
    return mounts.some((line) => line.split(' ')[4] === real);
  } catch {
    return false;
  }
}

function placesOf(path: string): Places {
  const whole = resolve(path);
  const [parent, base] = [dirname(whole), basename(whole)];
  const isInside = existsSync(whole) && (isMount(whole) || !canWrite(parent));
  const short = Buffer.byteLength(base) > longestName ? createHash('sha256').update(base).digest('hex') : base;
  const prefix = isInside ? join(whole, '.espalier') : join(parent, `.${short}.espalier`);
  return { path, work: `${prefix}-work`, old: `${prefix}-old`, lock: `${prefix}-lock`, isInside };
}

/** Whether something was begun for a folder and not brought to its end, by a process that may still be at it. */
export function isUnfinished(path: string): boolean {
  return foundAt(placesOf(path).work) !== undefined;
}

/** The names of those parts, where they lie in the folder itself. */
function ownNames({ isInside, work, old, lock }: Places): readonly string[] {
  return isInside ? [work, old, lock].map((path) => basename(path)) : [];
}

/** How many foreign files a message names. */
const named = 3;

/**
 * The manifest of a folder in which this program wrote everything; undefined when there is none, or nothing in it.
 * @throws {UsageError} when there is anything that is not this program's.
 */
function ownFolder(places: Places): Manifest | undefined {
  const { path } = places;
  if (foundAt(path) === undefined) return undefined;
  const manifest = readManifest(path);
  const nothing: Manifest = { command: '', complete: true, files: [] };
  const foreign = foreignIn(path, manifest ?? nothing, ownNames(places)).concat(
    manifest === undefined && foundAt(join(path, manifestFile)) !== undefined ? [manifestFile] : [],
  );
  if (foreign.length > 0) {
    const shown = foreign.slice(0, named).join(', ');
    const more = foreign.length > named ? ` and ${foreign.length - named} more` : '';
    throw new UsageError(
      `${path}: it holds what espalier did not write (${shown}${more}): choose another folder, or move that away`,
    );
  }
  return manifest;
}

/** Puts back, or away, what a process left that was killed while it replaced a folder. */
function recover(places: Places): void {
  const { path, old } = places;
  const replaced = foundAt(old)?.isDirectory() === true ? readManifest(old) : undefined;
  if (replaced === undefined) return;
  if (foundAt(path) === undefined) renameSync(old, path);
  else {
    removeOwn(old, replaced);
    removeEmpty(old);
  }
}

/**
 * What an earlier process began and did not bring to its end.
 * @throws {FailedError} when that is not of this program.
 */
function begun(places: Places): Manifest | undefined {
  const { work } = places;
  const found = foundAt(work);
  if (found === undefined) return undefined;
  const manifest = found.isDirectory() ? readManifest(work) : undefined;
  if (manifest !== undefined) return manifest;
  // Killed before it could say whose it is.
  if (found.isDirectory() && contentsOf(work).every((path) => path.endsWith('.tmp')))
    return { command: '', complete: false, files: [] };
  throw new FailedError(`${work}: this is in the way, and espalier did not write it: move it away`);
}

/**
 * Decides on what is there: whether to go on with it.
 * @throws {UsageError} when the user has not said what to do with it.
 */
function decide(request: FolderRequest, own: Manifest | undefined, left: Manifest | undefined): boolean {
  const { path, command, overwrite = false, resume = false, resumable = false, continues = [] } = request;
  if (resumable && left !== undefined && left.command !== '' && !overwrite) {
    const remedy =
      left.command === command
        ? 'go on with it by --resume, or start anew by --overwrite'
        : 'finish that first, or start anew by --overwrite';
    if (resume && left.command === command) return true;
    throw new UsageError(`${path}: espalier ${left.command} was begun there and is not finished: ${remedy}`);
  }
  if (resume) {
    if (own?.command === command && continues.length > 0) return true;
    const problem =
      own === undefined
        ? 'there is nothing to resume'
        : `there is nothing to resume, espalier ${own.command} has finished it`;
    throw new UsageError(`${path}: ${problem}: leave --resume out to start anew`);
  }
  if (own !== undefined && !overwrite) {
    throw new UsageError(
      `${path}: espalier ${own.command} wrote this: replace it by --overwrite, or choose another folder`,
    );
  }
  return false;
}

/** Makes the folder to work in, with what it goes on from, and gives whether there is anything. */
async function begin(request: FolderRequest, places: Places): Promise<boolean> {
  const { path, command, bytes, continues = [] } = request;
  const own = ownFolder(places);
  const left = begun(places);
  const goesOn = decide(request, own, left);
  const { work } = places;
  if (left !== undefined && !goesOn) await rm(work, { recursive: true, force: true });
  if (left === undefined || !goesOn) {
    await mkdir(work);
    await writeManifest(work, { command, complete: false, files: [] });
    for (const file of goesOn ? continues : []) await copyFile(join(path, file), join(work, file));
  }
  try {
    await checkRoom(work, bytes);
  } catch (error) {
    if (!goesOn) await rm(work, { recursive: true, force: true });
    throw error;
  }
  return goesOn;
}

/** Moves what is complete to where it belongs. */
async function complete({ command, profiling }: FolderRequest, places: Places): Promise<void> {
  const { path, work, old, isInside } = places;
  await profiling?.into(work, path);
  // What a killed process has left of a file that it was writing.
  for (const file of contentsOf(work))
    if (/(?:^|\/)\.[^/]+\.\d+\.\d+\.tmp$/u.test(file)) await rm(join(work, file), { force: true });
  const files = contentsOf(work).filter((file) => file !== manifestFile && !file.endsWith('/'));
  await writeManifest(work, { command, complete: true, files: [...files] });
  // Looked at again: somebody may have put something there meanwhile.
  const own = ownFolder(places);
  if (isInside) {
    if (own !== undefined) removeOwn(path, own);
    const entries = [...new Set(files.map((file) => file.split('/')[0] ?? file))];
    // A model is read by its config.json, and the folder by its manifest: they come when all else is there.
    const last = ['config.json', manifestFile];
    for (const entry of [...entries.filter((name) => !last.includes(name)), ...last]) {
      if (existsSync(join(work, entry))) renameSync(join(work, entry), join(path, entry));
    }
    removeEmpty(work);
    await syncFolder(path);
    return;
  }
  if (own !== undefined) renameSync(path, old);
  else if (foundAt(path) !== undefined) rmdirSync(path);
  renameSync(work, path);
  await syncFolder(dirname(resolve(path)));
  if (own === undefined) return;
  removeOwn(old, own);
  removeEmpty(old);
}

/** An error with the folder's own name in it in place of where its parts lie meanwhile. */
function renamed(error: unknown, { path, work, old, lock }: Places): unknown {
  if (!(error instanceof Error)) return error;
  error.message = error.message.replaceAll(work, path);
  for (const key of ['path', 'dest']) {
    const value: unknown = Reflect.get(error, key);
    if (typeof value !== 'string') continue;
    if (value.startsWith(work)) Reflect.set(error, key, path + value.slice(work.length));
    else if (value.startsWith(old) || value.startsWith(lock)) Reflect.set(error, key, path);
  }
  return error;
}

/** Whether what a command began is worth nothing: it cannot go on with it, or has not come to write anything. */
function isWorthless({ resumable = false }: FolderRequest, { work }: Places): boolean {
  return foundAt(work) !== undefined && (!resumable || contentsOf(work).every((file) => file === manifestFile));
}

/**
 * Lends out the folder that a command writes. It is new, empty, or one that this program wrote and that the user names by
 * --overwrite or --resume; nothing else is ever replaced or removed. What is written appears there when it is complete, all
 * at once; until then it lies beside the folder, under a lock, with room made sure of. An end before that leaves what was
 * there as it was, and keeps what was begun where the command can go on with it.
 * @throws {UsageError} when the folder may not be written.
 * @throws {FailedError} while another process is at it.
 */
export async function withOutputFolder<Result>(
  request: FolderRequest,
  use: (folder: OutputFolder) => Promise<Result>,
): Promise<Result> {
  const { path, sources } = request;
  await checkFolderPlace(path, sources);
  const made = await makeFolder(dirname(resolve(path)));
  let unlock = (): void => undefined;
  let places: Places | undefined;
  let [isBegun, isComplete, goesOn, isRefused] = [false, false, false, false];
  try {
    places = placesOf(path);
    const own = places;
    unlock = takeLock(own.lock, path);
    recover(own);
    goesOn = await begin(request, own);
    isBegun = true;
    return await use({
      work: own.work,
      complete: async () => {
        await complete(request, own);
        isComplete = true;
      },
    });
  } catch (error) {
    // What cannot be done as it was asked for is not gone on with.
    isRefused = !goesOn && reportOf(error).exitCode === exitCodes.usage;
    throw places === undefined ? error : renamed(error, places);
  } finally {
    if (places !== undefined && isBegun && !isComplete && (isRefused || isWorthless(request, places))) {
      await rm(places.work, { recursive: true, force: true });
    }
    unlock();
    for (const folder of made.toReversed()) removeEmpty(folder);
  }
}
