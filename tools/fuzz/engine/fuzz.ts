import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { Finding } from './reader.ts';

/** What is to be read. */
export interface FuzzOptions {
  readonly seed: number;
  readonly mutants: number;
  /** The first mutant. Default 0. */
  readonly from?: number;
}

/** Seconds of silence after which a process hangs for certain: a busy machine must not decide that. */
const silence = 20;
/** Findings of a reader after which it is left alone. */
const enough = 200;

const child = fileURLToPath(new URL('child.ts', import.meta.url));
const node = ['--expose-gc', '--max-old-space-size=1024', '--conditions=@espalier/source', '--import', 'tsx'];

/** Reads mutants in a process until that ends, and gives the mutant to go on with; undefined when all were read. */
async function readSome(
  reader: string,
  { seed, mutants }: FuzzOptions,
  from: number,
  onFinding: (finding: Finding) => void,
): Promise<number | undefined> {
  const started = spawn(process.execPath, [...node, child, reader, String(seed), String(from), String(mutants)], {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
  });
  let at: number | undefined;
  let [done, hung, said] = [false, false, ''];
  let timer = setTimeout(() => undefined, 0);
  const watch = (): void => {
    clearTimeout(timer);
    // Before the first mutant, programs are loaded and whole inputs made.
    timer = setTimeout(
      () => {
        hung = true;
        started.kill('SIGKILL');
      },
      (at === undefined ? 10 * silence : silence) * 1000,
    );
  };
  watch();
  started.stderr?.on('data', (chunk: Buffer) => (said = `${said}${chunk.toString()}`.slice(-2000)));
  const lines = createInterface(started.stdio[3] as Readable);
  lines.on('line', (line) => {
    watch();
    if (line.startsWith('at ')) at = Number(line.slice(3));
    else if (line === 'done') done = true;
    else onFinding(JSON.parse(line) as Finding);
  });
  const [[code, signal]] = (await Promise.all([once(started, 'exit'), once(lines, 'close')])) as unknown as [
    [number | null, string | null],
  ];
  clearTimeout(timer);
  if (done) return undefined;
  // It never came to a mutant: there is something wrong with the fuzzer.
  if (at === undefined) throw new Error(`fuzz: the reader '${reader}' does not start: ${said.trim()}`);
  const finding = { reader, seed, index: at };
  if (hung) onFinding({ ...finding, kind: 'hang', message: `it was not read within ${silence} s` });
  else onFinding({ ...finding, kind: 'crash', message: `the process ended: ${signal ?? code}\n${said.trim()}` });
  return at + 1;
}

/** Has a reader read mutants, in a process of its own for as long as that lives, and gives what went wrong. */
export async function fuzz(reader: string, options: FuzzOptions): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  let next: number | undefined = options.from ?? 0;
  while (next !== undefined && next < options.mutants && findings.length < enough) {
    next = await readSome(reader, options, next, (finding) => findings.push(finding));
  }
  return findings;
}
