// A package of somebody else's adds a source, a task, a way to make a row and a stage: no edit here, no command line.
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import {
  createRunState,
  inlineRunner,
  quietHost,
  runPipeline,
  checkPipeline,
  UsageError,
  registerRow,
  registerSource,
  registerStage,
  registerTask,
  type Pipeline,
  type Report,
  type Runner,
  type RunState,
} from '@espalier/pipeline';
import { runInFolder } from '@espalier/pipeline/node';
import { device } from '@espalier/tensor';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import './bright-spots.mjs';
import { spots } from './spots-pipeline.mjs';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-outside-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A runner in this thread that notes which jobs it runs. */
async function notingRunner(jobs: string[]): Promise<Runner> {
  const inner = inlineRunner(await device('cpu'), 'cpu');
  return {
    device: inner.device,
    run: (job, input, onProgress) => {
      jobs.push(job);
      return inner.run(job, input, onProgress);
    },
    call: (job, input, onProgress) => {
      jobs.push(job);
      return inner.call(job, input, onProgress);
    },
  };
}

type Place = Report<{ readonly rmse: number }, 'rmse'>;

describe('a pipeline of things from outside', () => {
  const state: RunState = createRunState();
  let outputs: Readonly<Record<string, unknown>>;
  const run = async (pipeline: Pipeline): Promise<string[]> => {
    const jobs: string[] = [];
    const runner = await notingRunner(jobs);
    const workshop = { host: quietHost(), runner, folder, state, resume: true, versions: { spots: '1' } };
    outputs = await runPipeline(pipeline, workshop);
    return jobs.toSorted();
  };

  test('reports rows, a search and a stage in terms of its own task', async () => {
    await run(spots);
    const report = outputs['report'] as Place;
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
    expect(report).toMatchObject({ format: 'espalier-report', version: 2, task: 'place', unit: 'half a side' });
    const [found, coarse, fine, rounded] = report.rows;
    expect(report.rows.map(({ name }) => name)).toEqual(['found', 'coarse', 'fine', 'rounded']);
    // Whoever always guesses the middle is 0.65 off.
    expect(found?.rmse).toBeLessThan(0.3);
    expect(Math.abs((fine?.rmse ?? 9) - (found?.rmse ?? 0))).toBeLessThan(0.05);
    expect(coarse?.rmse).toBeGreaterThan(found?.rmse ?? 9);
    expect(coarse?.passes).toEqual(['round the weights to 3 levels']);
    expect(rounded?.passes).toEqual([expect.stringContaining('to int8')]);
    expect(rounded?.bytes).toBeLessThan(0.7 * (found?.bytes ?? 0));
    // The smaller, the better.
    const scores = (report.search?.trials ?? []).map(({ rmse }) => rmse ?? Infinity);
    expect(scores).toHaveLength(2);
    expect(scores[report.search?.best ?? 9]).toBe(Math.min(...scores));
    expect(Object.keys(report.curves)).toContain('found');
    // An image without light says nothing of the place.
    const dark = outputs['dark'] as Readonly<Record<string, number>>;
    expect(Object.keys(dark)).toEqual(['found', 'coarse', 'fine', 'rounded']);
    expect(dark['found']).toBeGreaterThan(0.6);
  });

  test('says what a row lacks that is made from what a search finds', async () => {
    const stages = spots.stages.filter(({ stage }) => stage !== 'search');
    await expect(run({ ...spots, stages })).rejects.toThrow('row found: it is made from what a search finds');
  });

  test('does nothing again that is done', async () => {
    expect(await run(spots)).toEqual([]);
  });

  test('does again what is asked for otherwise, what follows from it, and nothing else', async () => {
    const rows = spots.rows.map((row) => (row.name === 'coarse' ? { ...row, options: { levels: 2 } } : row));
    const jobs = await run({ ...spots, rows });
    expect(jobs).toEqual(['compare', ...Array(4).fill('measure'), 'spots/coarsen', ...Array(4).fill('spots/dimmed')]);
    const [, coarse] = (outputs['report'] as Place).rows;
    expect(coarse?.passes).toEqual(['round the weights to 5 levels']);
  });
});

test('in a folder, the report is written as JSON, and a run under another name is not gone on with', async () => {
  const runner = await notingRunner([]);
  const inFolder = { host: quietHost(), runner, folder: join(folder, 'kept') };
  const short = { ...spots, stages: spots.stages.filter(({ stage }) => stage !== 'in the dark') };
  const { report } = await runInFolder(short, { ...inFolder, resume: false, fingerprint: 'a' });
  expect(JSON.parse(readFileSync(join(folder, 'kept/report.json'), 'utf8'))).toEqual(report);
  const other = runInFolder(short, { ...inFolder, resume: true, fingerprint: 'b' });
  await expect(other).rejects.toThrow(/made with another recipe/u);
});

test('workers know what the modules register that they are given, and tell of their kernels', async () => {
  const program = fileURLToPath(new URL('./in-workers.mjs', import.meta.url));
  const built = fileURLToPath(new URL('../../dist/node/index.js', import.meta.url));
  if (!existsSync(built)) throw new Error(`${built} is not there: run \`npm run build\` first`);
  const { stdout } = await promisify(execFile)(process.execPath, [program, join(folder, 'threads')]);
  const profiled = ['compare', 'measure', 'optimize', 'spots/coarsen', 'spots/dimmed', 'train', 'trial'];
  expect(JSON.parse(stdout)).toEqual({ rows: ['found', 'coarse', 'fine', 'rounded'], dark: 4, profiled });
});

describe('what is wrong is told before anything is done', () => {
  const [search] = spots.stages;
  const [found, coarse] = spots.rows;
  test.each<[string, Partial<Pipeline>, string]>([
    [
      'a stage that nobody knows',
      { stages: [{ stage: 'serch' }] },
      "pipeline.stages.0: there is no stage 'serch': did you mean 'search'?",
    ],
    [
      'an option of a stage from outside',
      { stages: [...spots.stages.slice(0, 4), { stage: 'in the dark', options: { dim: 2 } }] },
      'pipeline.stages.4.options.dim: is 2: give a number from 0 to 1',
    ],
    ['a stage before what it needs', { stages: [{ stage: 'measure' }] }, "measure needs 'trained'"],
    ['the same stage twice', { stages: [search, search] as Pipeline['stages'] }, "'search' is made by search already"],
    ['a task that nobody knows', { task: 'plaice' }, "pipeline.task: there is no task 'plaice': did you mean 'place'?"],
    [
      'an option of a source',
      { data: { source: { source: 'spots', options: { count: 5, side: 8 } }, validation: 10 } },
      'pipeline.data: source spots: count: is 5: give a whole number from 10 to 10000',
    ],
    [
      'an option of a row that nothing knows',
      { rows: [found, { ...coarse, options: { levels: 1, level: 2 } }] as Pipeline['rows'] },
      "pipeline.rows.1.options: there is no 'level' here: did you mean 'levels'?",
    ],
    ['a row before its origin', { rows: [coarse, found] as Pipeline['rows'] }, 'there is none'],
    ['a row out of place', { rows: [{ ...found, name: '../up' }] as Pipeline['rows'] }, 'use letters, digits'],
  ])('%s', (_, change, message) => {
    const check = (): void => checkPipeline({ ...spots, ...change });
    expect(check).toThrow(UsageError);
    expect(check).toThrow(message);
  });

  test('a name that is taken by another one', () => {
    const run = async (): Promise<Record<string, unknown>> => ({});
    const stage = { name: 'search', options: {}, inputs: [], outputs: [], run };
    expect(() => registerStage(stage)).toThrow("registerStage: there is another stage of the name 'search'");
  });

  test.each<[string, () => void]>([
    ['registerSource', () => registerSource({ name: 'x' } as never)],
    ['registerTask', () => registerTask({ name: 'x' } as never)],
    ['registerRow', () => registerRow({ name: 'x' } as never)],
    ['registerStage', () => registerStage({ name: 'x' } as never)],
  ])('%s refuses what is none', (operation, register) => {
    expect(register).toThrow(new RegExp(`^${operation}: .* must be `, 'u'));
  });
});
