/** The claim of texts: tokens of what is larger than memory, the same behind a kill. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, rmSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import type { Row } from '../optimize/row.ts';
import { makeText } from './make.ts';

const child = fileURLToPath(new URL('./tokenize.ts', import.meta.url));
/** MiB that a process may take. */
const allowed = 384;

interface Told {
  readonly tokens: number;
  readonly peak: number;
  readonly resumedFrom: number;
  readonly seconds: number;
}

/** Runs it; undefined if it was killed, as soon as something is remembered. */
async function run(text: string, output: string, kills = false): Promise<Told | undefined> {
  const made = spawn(process.execPath, [...process.execArgv, child, text, output], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  made.stdout.on('data', (piece) => (said += String(piece)));
  const watch = setInterval(() => kills && existsSync(`${output}.progress`) && made.kill('SIGKILL'), 50);
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) => {
    made.on('close', (...ended) => resolve(ended));
  });
  clearInterval(watch);
  if (signal === 'SIGKILL') return undefined;
  if (code !== 0) throw new Error(`making tokens of ${text} ended with ${code ?? signal}`);
  return JSON.parse(said) as Told;
}

async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

/** The row, of a text of so many bytes. */
export function textRow(bytes: number): Row {
  return {
    name: 'text/tokens',
    target: `MiB of a process that makes tokens of the text, killed and gone on with to the same bytes <= ${allowed}`,
    measure: async (bench) => {
      const text = bench.folder(`text-${bytes / 2 ** 20}.txt`);
      makeText(text, bytes, 7);
      const details = await bench.kept(`text-tokens-${bytes / 2 ** 20}`, async () => {
        const [whole, killed] = [bench.folder('text-whole.u16'), bench.folder('text-killed.u16')];
        for (const file of [whole, killed])
          for (const each of [file, `${file}.progress`]) rmSync(each, { force: true });
        const told = await run(text, whole);
        await run(text, killed, true);
        const again = await run(text, killed);
        const isSame = (await digestOf(whole)) === (await digestOf(killed));
        for (const file of [whole, killed])
          for (const each of [file, `${file}.progress`]) rmSync(each, { force: true });
        const peak = Math.max(told?.peak ?? Infinity, again?.peak ?? Infinity);
        return {
          tokens: told?.tokens ?? 0,
          seconds: told?.seconds ?? 0,
          peak,
          resumedFrom: again?.resumedFrom ?? 0,
          isSame,
        };
      });
      return {
        value: details.peak,
        holds: details.peak <= allowed && details.isSame && details.resumedFrom > 0,
        details,
      };
    },
  };
}
