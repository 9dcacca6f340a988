/**
 * Reads mutants in a process of its own, which may crash and hang: `child.ts SEED MUTANTS READER FROM [READER FROM …]`.
 * Before each mutant it writes `at INDEX` to file 3, of each that was not read as it should be a line of JSON, and
 * `done` behind the last of a reader.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readers } from '../readers/table.ts';
import { isKnownError } from './known-errors.ts';
import { mutantOf } from './mutant.ts';
import type { Finding, Reader } from './reader.ts';

/** Seconds of computing that a mutant may take. */
const mostSeconds = 2;
/** How many times its own size a mutant may take of memory, and what is no matter. */
const memoryFactor = 10;
const memoryFloor = 96 * 2 ** 20;

const [seedText = '0', mutants = '0', ...jobs] = process.argv.slice(2);
const seed = Number(seedText);

const tell = (line: string): void => void writeSync(3, `${line}\n`);

/** The most memory that was in use since it was last asked, in bytes, where the system tells. */
function peakMemory(): number {
  try {
    const [, kilobytes] = /VmHWM:\s+(\d+)/u.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
    writeFileSync('/proc/self/clear_refs', '5');
    return Number(kilobytes) * 1024;
  } catch {
    return process.resourceUsage().maxRSS * 1024;
  }
}

function described(error: unknown): string {
  if (!(error instanceof Error)) return String(error).slice(0, 200);
  return `${error.name}: ${error.message.slice(0, 200)}\n${(error.stack ?? '').split('\n').slice(1, 7).join('\n')}`;
}

let late: unknown;
// What fails after it was answered is a mistake as much as what fails before.
process.on('unhandledRejection', (error) => (late = error));

/** A folder without what was in it. Most readers put nothing there, and to remove it each time is what takes longest. */
function emptied(folder: string): string {
  for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true, force: true });
  return folder;
}

async function readAll(reader: Reader, from: number, folder: string): Promise<void> {
  const report = (index: number, kind: Finding['kind'], message: string): void =>
    tell(JSON.stringify({ reader: reader.name, seed, index, kind, message } satisfies Finding));
  const seeds = await reader.seeds(emptied(folder));
  for (const [index, input] of seeds.entries()) {
    try {
      await reader.read(input, emptied(folder));
    } catch (error) {
      report(index, 'seed', described(error));
    }
  }
  for (let index = from; index < Number(mutants); index += 1) {
    const mutant = mutantOf(reader, seeds, seed, index, emptied(folder));
    if (index % 64 === 0) globalThis.gc?.();
    tell(`at ${index}`);
    peakMemory();
    const before = process.memoryUsage.rss();
    const began = process.cpuUsage();
    try {
      await reader.read(mutant, folder);
    } catch (error) {
      if (!isKnownError(error)) report(index, 'error', described(error));
    }
    const { user, system } = process.cpuUsage(began);
    const seconds = (user + system) / 1e6;
    if (seconds > mostSeconds) report(index, 'hang', `it took ${seconds.toFixed(1)} s of computing`);
    const taken = peakMemory() - before;
    if (taken > Math.max(memoryFloor, memoryFactor * mutant.length)) {
      report(index, 'memory', `it took ${Math.round(taken / 2 ** 20)} MiB for ${mutant.length} bytes`);
    }
    if (late !== undefined) report(index, 'error', `unhandled: ${described(late)}`);
    late = undefined;
  }
  tell('done');
}

const root = mkdtempSync(join(tmpdir(), 'espalier-fuzz-'));
try {
  const folder = join(root, 'in');
  mkdirSync(folder);
  for (let job = 0; job < jobs.length; job += 2) {
    const [name, from] = jobs.slice(job);
    const reader = readers.find((each) => each.name === name);
    if (reader === undefined) throw new Error(`there is no reader '${name}'`);
    await readAll(reader, Number(from), folder);
  }
} finally {
  rmSync(root, { recursive: true, force: true });
}
