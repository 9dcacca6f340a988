// What is no pipeline is told by its place, and what a file would lose of a stage's outcome ends the run.
import { device } from '@espalier/tensor';
import { expect, test } from 'vitest';
import {
  checkPipeline,
  createRunState,
  FailedError,
  inlineRunner,
  quietHost,
  registerSource,
  registerStage,
  runPipeline,
  UsageError,
  type Pipeline,
} from '../src/index.ts';

let came: unknown = 1;
registerSource({ name: 'malformed-test', options: {}, open: () => Promise.reject(new Error('nobody opens it')) });
registerStage({
  name: 'malformed-test',
  options: {},
  inputs: [],
  outputs: ['came'],
  run: async () => ({ came }),
});

const pipeline: Pipeline = {
  name: 'p',
  seed: 1,
  data: { source: 'malformed-test', validation: 10 },
  stages: [{ stage: 'malformed-test' }],
  rows: [],
};

test.each<readonly [unknown, RegExp]>([
  [null, /^pipeline: is null/u],
  [undefined, /^pipeline: is missing/u],
  ['p', /^pipeline: is "p"/u],
  [{ ...pipeline, data: null }, /^pipeline\.data: is null/u],
  [{ ...pipeline, data: { source: 5, validation: 10 } }, /^pipeline\.data\.source: is 5/u],
  [{ ...pipeline, data: { source: 'malformed-test' } }, /^pipeline\.data\.validation: is missing/u],
  [{ ...pipeline, data: { ...pipeline.data, validaton: 1 } }, /^pipeline\.data: .*'validaton'.*'validation'/u],
  [{ ...pipeline, task: { task: 'regression' } }, /^pipeline\.task: is /u],
  [{ ...pipeline, rows: 5 }, /^pipeline\.rows: is 5/u],
  [{ ...pipeline, rows: [null] }, /^pipeline\.rows\.0: is null/u],
  [{ ...pipeline, stages: {} }, /^pipeline\.stages: is \{\}/u],
  [{ ...pipeline, stages: [{ stage: 5 }] }, /^pipeline\.stages\.0\.stage: is 5/u],
  [{ ...pipeline, stages: ['malformed-test'] }, /^pipeline\.stages\.0: is "malformed-test"/u],
  [{ ...pipeline, epochs: 3 }, /^pipeline: .*'epochs'/u],
])('%j is refused by its place', (given, message) => {
  expect(() => checkPipeline(given as Pipeline)).toThrow(UsageError);
  expect(() => checkPipeline(given as Pipeline)).toThrow(message);
});

test.each<readonly [unknown, string]>([
  [NaN, 'NaN at came'],
  [{ least: [1, Infinity] }, 'Infinity at came.least[1]'],
  [() => 1, 'function at came'],
  [new Map([[1, 2]]), 'an object of a class at came'],
  [2n, 'at came'],
])('what JSON would lose of an outcome ends the run: %s', async (outcome, message) => {
  came = outcome;
  const state = createRunState();
  const workshop = { host: quietHost(), runner: inlineRunner(await device('cpu'), 'cpu'), folder: '', state };
  const run = runPipeline(pipeline, { ...workshop, resume: false, versions: {} });
  await expect(run).rejects.toThrow(FailedError);
  await expect(run).rejects.toThrow(message);
  expect(Object.keys(state.seconds)).toEqual([]);
});
