/**
 * What `espalier run --data FILE --target COLUMN` comes to on scikit-learn's tables, beside its gradient boosting with its defaults on
 * the same rows: `npm run bench:tables -- [TABLE …] [--seed N] [--show runs|splits]`. Needs the command line as `npm run build` made it.
 *
 * Columns: accuracy or R² of the model and of the smaller one on the test rows, of boosting (both kinds; `tools/golden/boosting.py`), the
 * bytes of the files of weights, their ratio, and seconds of the whole command. `--show splits` prints the test rows as JSON instead.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openTable } from '@espalier/pipeline/node';
import { commandLine } from '../command-line.mjs';

const targets: Readonly<Record<string, string>> = {
  digits: 'class',
  'breast-cancer': 'class',
  wine: 'class',
  diabetes: 'progression',
};

interface Judged {
  readonly metrics: Readonly<Record<string, number>>;
  readonly weightBytes: number;
}

interface Boosting {
  readonly tables: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** The seed that the figures of boosting are of. */
const usualSeed = 7;

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const fileOf = (name: string): string => here(`../../../packages/data/test/tables/${name}.csv`);

async function printSplits(): Promise<void> {
  const splits: Record<string, object> = {};
  for (const [name, target] of Object.entries(targets)) {
    const { test, task } = await openTable({ file: fileOf(name), target, seed: usualSeed });
    const rows = Array.from({ length: test.rows }, (_, row) => test.rowNumber(row));
    splits[name] = { target, task: task.name, test: rows };
  }
  process.stdout.write(`${JSON.stringify(splits)}\n`);
}

function run(
  name: string,
  target: string,
  seed: number,
): { readonly judged: readonly Judged[]; readonly seconds: number } {
  const folder = mkdtempSync(join(tmpdir(), 'espalier-tables-'));
  try {
    const start = performance.now();
    const line = ['run', '--data', fileOf(name), '--target', target, '--seed', String(seed), '--device', 'cpu'];
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [here('../../../apps/cli/bin/espalier.mjs'), ...line, '--json', '--quiet', '-o', join(folder, 'run')],
      { encoding: 'utf8', maxBuffer: 1 << 28 },
    );
    if (status !== 0) throw new Error(`${name}: ${stderr}`);
    const { judged } = JSON.parse(stdout) as { readonly judged: readonly Judged[] };
    return { judged, seconds: (performance.now() - start) / 1000 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function printRow(name: string, target: string, seed: number): void {
  const { judged, seconds } = run(name, target, seed);
  const [model, small] = judged;
  if (!model || !small) throw new Error(`${name}: the report has no two models`);
  const { tables } = JSON.parse(readFileSync(here('boosting.json'), 'utf8')) as Boosting;
  const score = ({ metrics }: Judged): string => (metrics['accuracy'] ?? metrics['r2'] ?? NaN).toFixed(4);
  const boosting = seed === usualSeed ? Object.values(tables[name] ?? {}).map((value) => value.toFixed(4)) : [];
  const bytes = [model.weightBytes, small.weightBytes, (small.weightBytes / model.weightBytes).toFixed(3)];
  const cells = [name, score(model), score(small), boosting.join(' / ') || '-', ...bytes, seconds.toFixed(1)];
  console.log(`| ${cells.join(' | ')} |`);
}

const { option, words, refuse } = commandLine(
  'bench:tables',
  { seed: String(usualSeed), show: 'runs' },
  { what: 'table', names: Object.keys(targets) },
);
const seed = Number(option('seed'));
if (!Number.isSafeInteger(seed) || seed < 0) refuse(`--seed is ${option('seed')}: give a whole number from 0`);
if (option('show') === 'splits') await printSplits();
else {
  console.log('| table | model | small | boosting (hist / plain) | bytes | small | ratio | seconds |');
  console.log('| --- | --- | --- | --- | --- | --- | --- | --- |');
  for (const [name, target] of Object.entries(targets)) if (words.includes(name)) printRow(name, target, seed);
}
