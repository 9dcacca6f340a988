// Classes that count differently in training: on the command line and in recipes, in what is saved, reported and resumed.
import { readFileSync, writeFileSync } from 'node:fs';
import { quickstartPipeline } from '@espalier/pipeline';
import { describe, expect, test } from 'vitest';
import { readRecipe } from '../../src/recipe/recipe.ts';
import { espalier } from '../helpers/cli.ts';
import { runHere } from '../helpers/run-here.ts';
import { scratch } from '../helpers/scratch.ts';

const at = scratch('file');

/** Of 80 rows every eighth is rare: the classes overlap. */
const rows = Array.from({ length: 80 }, (_, row) => {
  const isRare = row % 8 === 0;
  return `${(Math.sin(row * 7) + (isRare ? 0.6 : 0)).toFixed(3)},${((row * 31) % 17) / 17},${isRare ? 'rare' : 'usual'}`;
});

function table(name = 'rare.csv'): string {
  writeFileSync(at(name), `${['a,b,class', ...rows].join('\n')}\n`);
  return at(name);
}

const read = (...path: readonly string[]): Readonly<Record<string, unknown>> =>
  JSON.parse(readFileSync(at(...path), 'utf8')) as Readonly<Record<string, unknown>>;

const run = (output: string, ...others: readonly string[]) =>
  espalier(['run', '--data', table(), '--target', 'class', '--trials', '1', '--device', 'cpu', '-q', '-o', at(output), ...others]); // prettier-ignore

describe('class weights', () => {
  test('balanced count the training rows, and are saved with both models, reported, and a part of what is resumed', async () => {
    const { code, stdout, stderr } = await run('balanced', '--class-weights', 'balanced');
    expect(stderr).toBe('');
    expect(code).toBe(0);
    // 52 rows are learnt from, 7 of which are rare, by n / (classes · examples of the class).
    const report = read('balanced', 'report.json');
    const weights = report['classWeights'] as Readonly<Record<string, number>>;
    const trained = (report['images'] as { readonly train: number }).train;
    const rare = Math.round(trained / (2 * (weights['rare'] as number)));
    expect(weights).toEqual({ rare: trained / (2 * rare), usual: trained / (2 * (trained - rare)) });
    expect(Math.abs(rare - trained / 8)).toBeLessThan(1);
    for (const model of ['model', 'small'])
      expect(read('balanced', model, 'config.json')['loss']).toEqual({
        type: 'cross-entropy',
        weight: [weights['rare'], weights['usual']],
      });
    expect(stdout).toMatch(/class weights in training: rare [\d.]+, usual [\d.]+; figures count every example alike/);
    expect(readFileSync(at('balanced', 'report.html'), 'utf8')).toContain('class weights in training');
  });

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
    expect(() => dataOf('{ 3: 0 }')).toThrow(/above 0/);
  });
});
