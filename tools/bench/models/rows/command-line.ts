/** What the command line, as it was built, makes of a checkpoint: how soon it speaks, and whether it says and writes the same again. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import type { Bench } from '../../optimize/bench.ts';
import { atMost, type Row } from '../../optimize/row.ts';
import { brownText, findCheckpoint, smolLm2 } from '../checkpoints.ts';
import type { Places } from '../places.ts';

const main = fileURLToPath(new URL('../../../../apps/cli/dist/joined/main.js', import.meta.url));
const missingBuild = (): string | undefined => (existsSync(main) ? undefined : 'a build (npm run build)');

const words = (text: string): readonly string[] => text.split(' ');

/** How a command went. */
interface Went {
  readonly stdout: string;
  /** Milliseconds until the first byte of it. */
  readonly first: number;
  /** Undefined where it was killed. */
  readonly code: number | undefined;
}

/** Runs a command; `killWhen` is asked every few milliseconds whether to kill it. */
async function run(line: readonly string[], input = '', killWhen?: () => boolean): Promise<Went> {
  const began = performance.now();
  const child = spawn(process.execPath, [main, ...line], { stdio: ['pipe', 'pipe', 'pipe'] });
  let [stdout, stderr, first] = ['', '', Number.NaN];
  child.stdout.on('data', (piece) => {
    if (stdout === '') first = performance.now() - began;
    stdout += String(piece);
  });
  child.stderr.on('data', (piece) => (stderr += String(piece)));
  child.stdin.end(input);
  const watch = setInterval(() => killWhen?.() && child.kill('SIGKILL'), 5);
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) => {
    child.on('close', (...ended) => resolve(ended));
  });
  clearInterval(watch);
  if (signal === 'SIGKILL') return { stdout, first, code: undefined };
  if (code !== 0) throw new Error(`espalier ${line.join(' ')} ended with ${code ?? signal}: ${stderr}`);
  return { stdout, first, code };
}

async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

/** Runs of which the one in the middle counts. */
const repeats = 3;

async function firstTokens(model: string): Promise<number[]> {
  const seconds: number[] = [];
  while (seconds.length < repeats) {
    const { first } = await run(['chat', model, ...words('--max-tokens 8 --device cpu')], 'What is gravity?\n');
    seconds.push(first / 1000);
  }
  return seconds;
}

/** How often a compression is killed. */
const kills = 3;

/** A compression that is killed, each time behind more finished layers, and the digest of what it ends with. */
async function killedOften(line: readonly string[], output: string): Promise<string> {
  const layers = (): number => {
    const folder = `${output}.layers`;
    return existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.gguf')).length : 0;
  };
  for (let kill = 1; kill <= kills; kill++) {
    const enough = kill * 5;
    let since = Number.NaN;
    const { code } = await run(line, '', () => {
      if (layers() < enough) return false;
      // Somewhere within the next layer, and elsewhere each time.
      since = Number.isNaN(since) ? performance.now() : since;
      return performance.now() - since > 70 * kill;
    });
    if (code !== undefined) throw new Error(`the compression ended before it was killed for the ${kill}. time`);
  }
  await run(line);
  return digestOf(output);
}

async function compressions(bench: Bench, model: string): Promise<{ whole: string; killed: string }> {
  const folder = bench.folder('killed');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const text = join(folder, 'text.txt');
  writeFileSync(text, brownText('calib').slice(0, 8192));
  const how = words(`--method wanda --pattern 2:4 --sequences 4 --length 64 --device cpu`);
  const lineTo = (output: string): readonly string[] => ['compress', model, ...how, '--text', text, '-o', output];
  const [first, second] = [join(folder, 'whole.gguf'), join(folder, 'killed.gguf')];
  await run(lineTo(first));
  const whole = await digestOf(first);
  const killed = await killedOften(lineTo(second), second);
  rmSync(folder, { recursive: true, force: true });
  return { whole, killed };
}

/** The rows of the command line. */
export function commandLineRows({ checkpoints }: Places): readonly Row[] {
  const model = findCheckpoint(checkpoints, smolLm2) ?? '';
  const missing = (): string | undefined => (model === '' ? `${smolLm2.file} of ${smolLm2.from}` : missingBuild());
  return [
    {
      name: 'smollm2/first-token',
      target: `seconds from a cold start of chat to its first token, of ${repeats} runs the one in the middle <= 3`,
      missing,
      measure: async () => {
        const seconds = await firstTokens(model);
        return atMost(3, seconds.toSorted((a, b) => a - b)[Math.floor(repeats / 2)] as number, seconds);
      },
    },
    {
      name: 'smollm2/threads',
      target: 'texts of one seed that differ between 1 and 2 threads <= 0',
      missing,
      measure: async ({ kept }) => {
        const texts = await kept('smollm2-threads', async () => {
          const said: string[] = [];
          for (const threads of ['1', '2']) {
            const how = words('--max-tokens 96 --seed 11 --device cpu --threads');
            said.push((await run(['generate', model, '--prompt', 'The old lighthouse', ...how, threads])).stdout);
          }
          return said;
        });
        return atMost(0, new Set(texts).size - 1, texts);
      },
    },
    {
      name: 'smollm2/killed',
      target: `files that differ between a compression and one that was killed ${kills} times <= 0`,
      missing,
      measure: async (bench) => {
        const found = await bench.kept('smollm2-killed', () => compressions(bench, model));
        return atMost(0, found.whole === found.killed ? 0 : 1, found);
      },
    },
  ];
}
