/**
 * Reads mutants in a process of its own, which may crash and hang: `child.ts SEED MUTANTS READER FROM [READER FROM …]`.
 * Before each mutant it writes `at INDEX` to file 3, of each that was not read as it should be a line of JSON, and
 * `done OUTCOME` behind the last of a reader.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readers } from '../readers/table.ts';
import { isKnownError } from './known-errors.ts';
import { mutantOf } from './mutant.ts';
import { MemoryMeter } from './memory.ts';
import { ofObjects, type Finding, type MemoryLimit, type Outcome, type Reader } from './reader.ts';

/** Seconds of computing that a mutant may take. */
const mostSeconds = 2;
/**
 * What a mutant may take of memory. What is free is V8's own: the young half of the heap before it is collected, code that is compiled
 * when a mutant is the first to get there, and the stacks of errors. Where the whole process is looked at, its threads and what its
 * allocator keeps are in it too.
 */
const usual: MemoryLimit = { factor: 4, free: 4 * 2 ** 20, isNative: false };

const [seedText = '0', mutants = '0', ...jobs] = process.argv.slice(2);
const seed = Number(seedText);

/** After how many mutants all garbage is collected. */
const restEvery = 64;

const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

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

const meter = new MemoryMeter();

/** What one reading came to. */
interface Reading {
  readonly error: unknown;
  readonly passed: boolean;
  /** The bytes that the input stands for; its own, where it says of no more. */
  readonly stands: number;
  readonly seconds: number;
  readonly memory: number;
}

async function readOnce(
  reader: Reader,
  mutant: Uint8Array,
  folder: string,
  { isNative }: Pick<MemoryLimit, 'isNative'>,
): Promise<Reading> {
  let error: unknown;
  let [passed, stands] = [false, mutant.length];
  const tellPassed = (bytes = 0): void => {
    passed = true;
    stands = Math.max(stands, bytes);
  };
  const began = process.cpuUsage();
  const run = async (): Promise<void> => {
    try {
      await reader.read(mutant, folder, tellPassed);
    } catch (thrown) {
      error = thrown;
    }
  };
  const use = async (): Promise<void> => {
    if (error !== undefined || !reader.use) return;
    try {
      await reader.use(mutant, folder);
    } catch (thrown) {
      error = thrown;
    }
  };
  let memory: number;
  if (isNative) {
    peakMemory();
    const before = process.memoryUsage.rss();
    await run();
    memory = peakMemory() - before;
  } else memory = await meter.most(run);
  await use();
  const { user, system } = process.cpuUsage(began);
  return { error, passed, stands, seconds: (user + system) / 1e6, memory };
}

async function readAll(reader: Reader, from: number, folder: string): Promise<void> {
  const report = (index: number, kind: Finding['kind'], message: string): void =>
    tell(JSON.stringify({ reader: reader.name, seed, index, kind, message } satisfies Finding));
  // What is text becomes objects.
  const isText = typeof reader.mutate === 'string' && reader.mutate !== 'bytes';
  const limit = { ...usual, ...(isText && ofObjects), ...reader.limit };
  const roomOf = ({ stands }: Reading): number => limit.free + limit.factor * stands;
  const seeds = await reader.seeds(emptied(folder));
  // A whole input is read twice: what is loaded and compiled once takes memory, too.
  for (const [index, input] of [...seeds, ...seeds].entries()) {
    await meter.rest();
    const reading = await readOnce(reader, input, emptied(folder), limit);
    const { error, memory } = reading;
    if (error !== undefined) report(index % seeds.length, 'seed', described(error));
    if (index >= seeds.length && memory > roomOf(reading))
      report(
        index - seeds.length,
        'seed',
        `it took ${mebibytes(memory)} for ${input.length} bytes, ${reading.stands} as it says`,
      );
  }
  const outcome = { mutants: 0, passed: 0, read: 0, fullest: 0 };
  for (let index = from; index < Number(mutants); index += 1) {
    const mutant = mutantOf(reader, seeds, seed, index, emptied(folder));
    if (index % restEvery === 0) await meter.rest();
    tell(`at ${index}`);
    const reading = await readOnce(reader, mutant, folder, limit);
    const { error, passed, seconds } = reading;
    if (error !== undefined && !isKnownError(error)) report(index, 'error', described(error));
    if (seconds > mostSeconds) report(index, 'hang', `it took ${seconds.toFixed(1)} s of computing`);
    let { memory } = reading;
    // Garbage of those before may be in it: whether it was this one shows when it is read again, from rest.
    for (let again = 0; memory > roomOf(reading) && again < 2; again += 1) {
      mutantOf(reader, seeds, seed, index, emptied(folder));
      await meter.rest();
      memory = Math.min(memory, (await readOnce(reader, mutant, folder, limit)).memory);
    }
    if (memory > roomOf(reading))
      report(index, 'memory', `it took ${mebibytes(memory)} for ${mutant.length} bytes, ${reading.stands} as it says`);
    if (late !== undefined) report(index, 'error', `unhandled: ${described(late)}`);
    late = undefined;
    outcome.mutants += 1;
    outcome.passed += passed ? 1 : 0;
    outcome.read += error === undefined ? 1 : 0;
    outcome.fullest = Math.max(outcome.fullest, memory / roomOf(reading));
  }
  tell(`done ${JSON.stringify(outcome satisfies Outcome)}`);
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
