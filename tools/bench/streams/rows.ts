/** The claims: memory, equal bytes after kills, and how fast whole files are gone through. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Json } from '@espalier/nn';
import type { Bench } from '../optimize/bench.ts';
import { atLeast, atMost, type Row } from '../optimize/row.ts';
import { makeTable, makeTokens } from './make.ts';
import type { Training } from './subjects.ts';

/** Sizes of a measurement. */
export interface StreamSizes {
  /** Bytes of the files. */
  readonly table: number;
  readonly tokens: number;
  /** Steps of a training. */
  readonly steps: number;
  /** Bytes for examples. */
  readonly memory: number;
  /** How often a training is killed. */
  readonly kills: number;
}

/** What a training said at its end. */
interface Told {
  readonly opened: { readonly seconds: number; readonly read: number };
  readonly seconds: number;
  readonly examplesPerSecond: number;
  readonly losses: readonly number[];
  readonly peak: number;
  readonly resumedFrom: number;
  readonly steps: number;
  readonly rows: number;
  readonly index?: { readonly rows: number; readonly parts: number };
}

const mebi = 2 ** 20;
const childFile = fileURLToPath(new URL('./child.ts', import.meta.url));

/** How often it is looked whether a training has written its first checkpoint, in milliseconds. */
const lookEvery = 20;

/** Runs a training; undefined if it was killed before its end: so many milliseconds after its first checkpoint. */
async function run(training: Training, killAfter?: number): Promise<Told | undefined> {
  mkdirSync(training.folder, { recursive: true });
  const child = spawn(process.execPath, [...process.execArgv, childFile, JSON.stringify(training)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.on('data', (piece) => (said += String(piece)));
  let [kill, look]: NodeJS.Timeout[] = [];
  if (killAfter !== undefined)
    look = setInterval(() => {
      if (!existsSync(join(training.folder, `peak-${child.pid}`))) return;
      clearInterval(look);
      kill = setTimeout(() => child.kill('SIGKILL'), killAfter);
    }, lookEvery);
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) => {
    child.on('close', (...ended) => resolve(ended));
  });
  clearInterval(look);
  clearTimeout(kill);
  if (signal === 'SIGKILL') return undefined;
  if (code !== 0) throw new Error(`the training on ${training.file} ended with ${code ?? signal}`);
  return JSON.parse(said) as Told;
}

/** The most memory that a process of a training had, the killed ones included. */
function peakIn(folder: string): number {
  const peaks = readdirSync(folder).filter((name) => name.startsWith('peak-'));
  return Math.max(0, ...peaks.map((name) => Number(readFileSync(join(folder, name), 'utf8'))));
}

/** A training that nothing interrupts. */
function whole(bench: Bench, training: Training, name: string): Promise<Told & Json> {
  return bench.kept(name, async () => {
    rmSync(training.folder, { recursive: true, force: true });
    return (await run(training)) as Told & Json;
  });
}

/**
 * The same training in processes that are killed at random moments, until one comes to the end. Each has written a checkpoint by then:
 * what is killed before that begins again, and says nothing of going on.
 */
async function killed(bench: Bench, training: Training, name: string, kills: number, seconds: number) {
  return bench.kept(name, async () => {
    rmSync(training.folder, { recursive: true, force: true });
    const moments: number[] = [];
    for (let kill = 0; kill < kills; kill++) {
      const moment = Math.round(((1000 * seconds) / kills) * 0.3 * Math.random());
      if (await run(training, moment)) break;
      moments.push(moment);
    }
    const { resumedFrom = 0, peak = 0, opened } = (await run(training)) ?? {};
    return { moments, resumedFrom, peak: Math.max(peak, peakIn(training.folder)), ...(opened && { opened }) };
  });
}

/** How many bytes of two models differ. */
function differing(folders: readonly string[]): number {
  const [one = Buffer.of(), other = Buffer.of()] = folders.map((folder) =>
    readFileSync(join(folder, 'model.safetensors')),
  );
  if (one.length !== other.length) return Math.max(one.length, other.length);
  return one.reduce((count, byte, at) => count + (byte === other[at] ? 0 : 1), 0);
}

/** All rows. */
export function streamRows({ table, tokens, steps, memory, kills }: StreamSizes): readonly Row[] {
  const files = {
    table: { name: `table-${table / mebi}.csv`, make: makeTable, bytes: table },
    tokens: { name: `tokens-${tokens / mebi}.u16`, make: makeTokens, bytes: tokens },
  };
  const trainingOf = (bench: Bench, subject: Training['subject'], name: string): Training => {
    const { name: file, make, bytes } = files[subject];
    make(bench.folder(file), bytes, 7);
    return { subject, file: bench.folder(file), folder: bench.folder(name), seed: 7, steps, epochs: 1, memory };
  };
  const wholeOf = (bench: Bench, subject: Training['subject']) =>
    whole(bench, trainingOf(bench, subject, `${subject}-whole`), `${subject}-whole`);
  const bySubject = (['table', 'tokens'] as const).flatMap((subject): Row[] => [
    {
      name: `${subject}/memory`,
      target: 'MiB of a process that trains <= 1024',
      measure: async (bench) => {
        const told = await wholeOf(bench, subject);
        return atMost(1024, told.peak / mebi, told);
      },
    },
    {
      name: `${subject}/killed`,
      target: 'bytes of the model that differ after kills, each behind a checkpoint, within 1024 MiB <= 0',
      measure: async (bench) => {
        // Of the training alone: the index is there by now.
        const { seconds } = await wholeOf(bench, subject);
        const training = trainingOf(bench, subject, `${subject}-killed`);
        const found = await killed(bench, training, `${subject}-killed`, kills, seconds);
        const other = differing([bench.folder(`${subject}-whole`), training.folder]);
        const wentOn = found.moments.length === kills && found.resumedFrom > 0;
        return { value: other, holds: other === 0 && wentOn && found.peak <= 1024 * mebi, details: found };
      },
    },
    {
      name: `${subject}/read-again`,
      target: 'MiB read by a process that goes on, before its training does <= 64',
      measure: async (bench) => {
        const { seconds } = await wholeOf(bench, subject);
        const training = trainingOf(bench, subject, `${subject}-killed`);
        const { opened } = await killed(bench, training, `${subject}-killed`, kills, seconds);
        return atMost(64, (opened?.read ?? Infinity) / mebi, opened ?? null);
      },
    },
    {
      name: `${subject}/thread`,
      target: 'bytes of the model that differ where a thread reads the file, within 1024 MiB <= 0',
      measure: async (bench) => {
        const without = await wholeOf(bench, subject);
        const training = { ...trainingOf(bench, subject, `${subject}-thread`), thread: true };
        const told = await whole(bench, training, `${subject}-thread`);
        const other = differing([bench.folder(`${subject}-whole`), training.folder]);
        const ratio = told.seconds / without.seconds;
        bench.say(`${subject}: ${ratio.toFixed(2)} of the seconds of a training that reads by itself`);
        const details = { seconds: told.seconds, without: without.seconds, peak: told.peak };
        return { value: other, holds: other === 0 && told.peak <= 1024 * mebi, details };
      },
    },
  ]);
  return [
    ...bySubject,
    {
      name: 'table/pass',
      target: 'rows a second of a training on the whole table >= 1',
      measure: async (bench) => {
        const { steps: _, ...training } = trainingOf(bench, 'table', 'table-pass');
        const told = await whole(bench, training, 'table-pass');
        const outcome = atLeast(1, told.examplesPerSecond, told);
        return { ...outcome, holds: outcome.holds && told.rows === told.index?.rows && told.peak <= 1024 * mebi };
      },
    },
  ];
}
