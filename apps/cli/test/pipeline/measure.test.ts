import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { candidateOf, inlineRunner } from '@espalier/pipeline';
import '@espalier/pipeline/node';
import { device } from '@espalier/tensor';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeTinyImages } from '../helpers/tiny-images.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-measure-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('a set of three classes has a model of three, and macro-F1 is 1 where every image is right', async () => {
  const source = join(folder, 'images');
  writeTinyImages(source, 300, 60, 3);
  const runner = inlineRunner(await device('cpu'), 'cpu');
  const candidate = candidateOf({
    architecture: { blocks: 1, channels: 8, kernel: 3, hidden: 32, activation: 'relu', batchNorm: false },
    initialiser: 'kaiming-normal',
    training: { optimizer: { type: 'adam', lr: 0.005 }, schedule: 'constant', batch: 20 },
  });
  const model = join(folder, 'model');
  await runner.run('train', { source, candidate, seed: 1, epochs: 6, folder: model, resume: false });
  const { metrics, details } = await runner.run('measure', { source, folder: model, latency: false });
  expect(metrics).toEqual({ accuracy: 1, macroF1: 1 });
  expect(details['confusion']).toEqual([
    [20, 0, 0],
    [0, 20, 0],
    [0, 0, 20],
  ]);
});
