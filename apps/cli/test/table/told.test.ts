// What may be told of a run of a table beside its columns: classes that count differently, folds; in what is saved and reported.
import { readFileSync, writeFileSync } from 'node:fs';
import { quickstartPipeline, type Report } from '@espalier/pipeline';
import { beforeAll, describe, expect, test } from 'vitest';
import { readRecipe } from '../../src/recipe/recipe.ts';
import { espalier } from '../helpers/cli.ts';
import { runHere } from '../helpers/run-here.ts';
import { scratch } from '../helpers/scratch.ts';

const at = scratch('file');

/** Of 80 rows, ten of each patient, every eighth is rare: the classes overlap. */
const rows = Array.from({ length: 80 }, (_, row) => {
  const isRare = row % 8 === 0;
  const a = (Math.sin(row * 7) + (isRare ? 0.6 : 0)).toFixed(3);
  return `${a},${((row * 31) % 17) / 17},p${Math.floor(row / 10)},${isRare ? 'rare' : 'usual'}`;
});

function table(): string {
  writeFileSync(at('rare.csv'), `${['a,b,patient,class', ...rows].join('\n')}\n`);
  return at('rare.csv');
}

const read = (...path: readonly string[]): Readonly<Record<string, unknown>> =>
  JSON.parse(readFileSync(at(...path), 'utf8')) as Readonly<Record<string, unknown>>;

describe('a run', () => {
  let stdout = '';

  beforeAll(async () => {
    const told = ['--class-weights', 'balanced', '--folds', '3', '--group', 'patient', '--trials', '1'];
    const run = await espalier(['run', '--data', table(), '--target', 'class', ...told, '--device', 'cpu', '-q', '-o', at('run')]); // prettier-ignore
    if (run.code !== 0) throw new Error(run.stderr);
    ({ stdout } = run);
  }, 300_000);

  test('with balanced classes counts the rows that are learnt from, and says so in both models and the report', () => {
    const report = read('run', 'report.json') as unknown as Report;
    const weights = report.classWeights ?? {};
    const trained = report.examples.train;
    const rare = Math.round(trained / (2 * (weights['rare'] ?? 0)));
    expect(weights).toEqual({ rare: trained / (2 * rare), usual: trained / (2 * (trained - rare)) });
    for (const model of ['model', 'small'])
      expect(read('run', model, 'config.json')['loss']).toEqual({
        type: 'cross-entropy',
        weight: [weights['rare'], weights['usual']],
      });
    expect(stdout).toMatch(/class weights in training: rare [\d.]+, usual [\d.]+; figures count every example alike/);
    expect(readFileSync(at('run', 'report.html'), 'utf8')).toContain('class weights in training');
  });

  test('in folds has the score of each, of which the mean judges, in report, page, recipe and on the terminal', () => {
    const { search } = read('run', 'report.json') as unknown as Report;
    const [trial] = search?.trials ?? [];
    const folds = trial?.folds ?? [];
    expect(folds).toHaveLength(3);
    const mean = folds.reduce((sum, each) => sum + each, 0) / 3;
    expect(Reflect.get(Object(trial), 'accuracy')).toBeCloseTo(mean, 12);
    expect(trial?.sd).toBeCloseTo(Math.hypot(...folds.map((each) => each - mean)) / Math.sqrt(3), 12);
    expect(stdout).toMatch(/the winner over 3 folds: accuracy [\d.]+ ± [\d.e-]+ \(mean ± standard deviation of /);
    const page = readFileSync(at('run', 'report.html'), 'utf8');
    expect(page).toContain('by its mean over 3 folds of the examples that are not for the test');
    const recipe = readFileSync(at('run', 'recipe.yaml'), 'utf8');
    expect(recipe).toMatch(/^ {2}folds: 3$/m);
    expect(recipe).toMatch(/^ {2}classWeights: balanced$/m);
  });
});

describe('class weights', () => {
  test.each([
    [['--class-weights', '{seldom: 2}'], "there is no class 'seldom': use one of rare, usual"],
    [['--class-weights', '{rare: 0}'], 'Give balanced, none'],
    [['--class-weights', 'heavy'], 'Give balanced, none'],
    [['--class-weights', 'balanced', '--target', 'a'], 'no class: leave them out'],
  ])('%j is refused before anything is begun', async (told, problem) => {
    const target = told.includes('--target') ? [] : ['--target', 'class'];
    const { code, stderr } = await runHere('run', '--data', table(), '-o', at('refused'), ...target, ...told);
    expect(code).toBe(2);
    expect(stderr).toContain(problem);
  });

  test('of a recipe stand with its data', () => {
    const dataOf = (weights: string) =>
      quickstartPipeline(readRecipe('mine.yaml', `data: { source: mnist, classWeights: ${weights} }`)).data;
    expect(dataOf('balanced')).toMatchObject({ classWeights: 'balanced' });
    expect(dataOf('{ 3: 2.5 }')).toMatchObject({ classWeights: { 3: 2.5 } });
    expect(dataOf('none')).not.toHaveProperty('classWeights');
    expect(() => dataOf('heavy')).toThrow(
      /data.classWeights: is "heavy": give 'none', 'balanced', or how much classes/,
    );
    expect(() => dataOf('{ 3: 0 }')).toThrow(/from 1e-6 to 1e6/);
  });
});

describe('folds', () => {
  test.each([
    [['--folds', '1'], "'1' is invalid"],
    [['--folds', '9', '--group', 'patient'], '9 folds need 9 groups beside those of the test'],
    [['--folds', '3', '--memory', '1KiB'], 'a table that is streamed is gone through once'],
  ])('%j is refused before anything is begun', async (told, problem) => {
    const { code, stderr } = await runHere('run', '--data', table(), '--target', 'class', '-o', at('refused'), ...told);
    expect(code).not.toBe(0);
    expect(stderr).toContain(problem);
  });

  test('are of tables and pictures, and of the search of a recipe', async () => {
    writeFileSync(at('book.txt'), 'a text\n'.repeat(400));
    const { code, stderr } = await runHere('run', '--data', at('book.txt'), '--folds', '3', '-o', at('refused'));
    expect(code).toBe(2);
    expect(stderr).toContain('--folds: it is of table and pictures');
    expect(readRecipe('mine.yaml', 'search: { folds: 4 }').search.folds).toBe(4);
    expect(() => readRecipe('mine.yaml', 'search: { folds: 1 }')).toThrow(/search\.folds/);
  });
});
