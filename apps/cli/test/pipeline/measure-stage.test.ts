import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { device } from '@espalier/tensor';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { JobContext } from '../../src/pipeline/job.ts';
import { measureStage } from '../../src/pipeline/measure-stage.ts';
import { trainStage } from '../../src/pipeline/train-stage.ts';
import { candidateOf } from '../../src/recipe/candidate.ts';
import { writeTinyImages } from '../helpers/tiny-images.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-measure-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('a set of three classes has a model of three, and macro-F1 is 1 where every image is right', async () => {
  const source = join(folder, 'images');
  writeTinyImages(source, 300, 60, 3);
  const context: JobContext = {
    device: await device('cpu'),
    interrupt: { aborted: false },
    onProgress: () => undefined,
  };
  const candidate = candidateOf({
    architecture: { blocks: 1, channels: 8, kernel: 3, hidden: 32, activation: 'relu', batchNorm: false },
    initialiser: 'kaiming-normal',
    training: { optimizer: { type: 'adam', lr: 0.005 }, schedule: 'constant', batch: 20 },
  });
  const model = join(folder, 'model');
  await trainStage({ source, candidate, seed: 1, epochs: 6, folder: model, resume: false }, context);
  const { accuracy, macroF1, confusion } = await measureStage({ source, folder: model, latency: false }, context);
  expect(accuracy).toBe(1);
  expect(macroF1).toBe(1);
  expect(confusion).toEqual([
    [20, 0, 0],
    [0, 20, 0],
    [0, 0, 20],
  ]);
});
