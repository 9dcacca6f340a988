/** Runs readers on mutants in processes that may crash and hang, and goes on behind the mutant that ended one. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { Finding, Outcome } from './reader.ts';

/** What is to be read. */
export interface FuzzOptions {
  readonly seed: number;
  readonly mutants: number;
  /** The first mutant. Default 0. */
  readonly from?: number;
  /** Is told what became of a reader's mutants, of those behind the last that ended a process. */
  readonly onOutcome?: (reader: string, outcome: Outcome) => void;
}

/** Seconds of silence after which a process hangs for certain: a busy machine must not decide that. */
const silence = 20;
/** Findings of a reader after which it is left alone. */
const enough = 200;

const child = fileURLToPath(new URL('child.ts', import.meta.url));
const node = [
  '--expose-gc',
  '--max-semi-space-size=1',
  '--max-old-space-size=1024',
  '--conditions=@espalier/source',
  '--import',
  'tsx',
];

/** A reader, and the mutant that it goes on with. */
interface Job {
  readonly reader: string;
  readonly from: number;
}

/** Has readers read mutants in a process until that ends, and gives those that have not read all. */
async function readSome(
  jobs: readonly Job[],
  { seed, mutants, onOutcome }: FuzzOptions,
  onFinding: (finding: Finding) => void,
): Promise<readonly Job[]> {
  const words = jobs.flatMap(({ reader, from }) => [reader, String(from)]);
  const started = spawn(process.execPath, [...node, child, String(seed), String(mutants), ...words], {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
  });
  let at: number | undefined;
  let [done, hung, said] = [0, false, ''];
  // Seconds are counted one by one: while all is stopped, or the machine sleeps, none pass.
  let silent = 0;
  const timer = setInterval(() => {
    silent += 1;
    // Before the first mutant, programs are loaded and whole inputs made.
    if (silent < (at === undefined ? 10 * silence : silence)) return;
    hung = true;
    started.kill('SIGKILL');
  }, 1000);
  started.stderr?.on('data', (chunk: Buffer) => (said = `${said}${chunk.toString()}`.slice(-2000)));
  const lines = createInterface(started.stdio[3] as Readable);
  lines.on('line', (line) => {
    if (line.startsWith('at ')) at = Number(line.slice(3));
    else if (line.startsWith('done ')) {
      onOutcome?.(jobs[done]?.reader ?? '', JSON.parse(line.slice(5)) as Outcome);
      [done, at] = [done + 1, undefined];
    } else onFinding(JSON.parse(line) as Finding);
    silent = 0;
  });
  const [[code, signal]] = (await Promise.all([once(started, 'exit'), once(lines, 'close')])) as unknown as [
    [number | null, string | null],
  ];
  clearInterval(timer);
  const [current, ...others] = jobs.slice(done);
  if (current === undefined) return [];
  const { reader } = current;
  // It never came to a mutant: there is something wrong with the fuzzer.
  if (at === undefined) throw new Error(`fuzz: the reader '${reader}' does not start: ${said.trim()}`);
  const finding = { reader, seed, index: at };
  if (hung) onFinding({ ...finding, kind: 'hang', message: `it was not read within ${silence} s` });
  else onFinding({ ...finding, kind: 'crash', message: `the process ended: ${signal ?? code}\n${said.trim()}` });
  return [{ reader, from: at + 1 }, ...others];
}

/**
 * Has readers read mutants, one after the other, all in a process of their own for as long as that lives, and gives what
 * went wrong.
 */
export async function fuzz(readers: readonly string[], options: FuzzOptions): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  let jobs: readonly Job[] = readers.map((reader) => ({ reader, from: options.from ?? 0 }));
  while (jobs.length > 0) {
    jobs = await readSome(jobs, options, (finding) => findings.push(finding));
    jobs = jobs.filter(({ reader }) => findings.filter((each) => each.reader === reader).length < enough);
  }
  return findings;
}
