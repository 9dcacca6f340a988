import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, type Module } from '@espalier/nn';
import { saveModel } from '@espalier/nn/node';
import { candidateOf, inlineRunner, type DistillInput } from '@espalier/pipeline';
import '@espalier/pipeline/node';
import { configure, device, tensor } from '@espalier/tensor';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { espalier } from '../helpers/cli.ts';
import { writeTinyImages } from '../helpers/tiny-images.ts';
import { writeTinyCandidate } from '../helpers/tiny-model.ts';

const folder = mkdtempSync(join(tmpdir(), 'espalier-teacher-'));
const at = (...parts: readonly string[]): string => join(folder, ...parts);
const input = [1, 12, 12];

/** A model that has the least to say for the right class: where the bar of a class is light, its logit is the lowest. */
async function alwaysWrong(): Promise<Module> {
  const config = { type: 'sequential', layers: [{ type: 'flatten' }, { type: 'linear', in: 144, out: 10 }] };
  const model = build(config, { seed: 1, device: await device('cpu') });
  const weights = new Float32Array(1440);
  for (let index = 0; index < 1440; index++) {
    const [label, pixel] = [Math.floor(index / 144), index % 144];
    const along = label < 5 ? Math.floor(pixel / 12) : pixel % 12;
    weights[index] = Math.floor(along / 2) === label % 5 ? -1 : 0;
  }
  const place = await device('cpu');
  model.load(
    new Map([
      ['1.weight', tensor(weights, { device: place }).reshape([10, 144])],
      ['1.bias', tensor(new Float32Array(10), { device: place })],
    ]),
  );
  return model;
}

beforeAll(async () => {
  writeTinyImages(at('images'));
  writeTinyCandidate(at('student.yaml'));
  const model = await alwaysWrong();
  await saveModel(at('wrong'), model, { metadata: { input } });
  await saveModel(at('held'), model, { metadata: { input, heldOut: 90 } });
});
afterEach(() => configure({ warn: (notice) => console.warn(notice) }));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const candidate = candidateOf({
  architecture: { blocks: 1, channels: 2, kernel: 3, hidden: 0, activation: 'relu', batchNorm: true },
  initialiser: 'kaiming-normal',
  training: { optimizer: { type: 'adam', lr: 0.003 }, schedule: 'constant', batch: 30 },
});

interface Done {
  readonly summary: string;
  readonly details: { readonly teachers: readonly { readonly isHeard: boolean }[] };
  readonly training: { readonly steps: number };
}

const lastOf = (name: string): Done =>
  (JSON.parse(readFileSync(at(name, 'optimization.json'), 'utf8')) as readonly Done[]).at(-1) as Done;

async function distilled(name: string, changes: Partial<DistillInput>): Promise<Done> {
  const runner = inlineRunner(await device('cpu'), 'cpu');
  const settings = { epochs: 1, temperature: 4, alpha: 0.7, lr: 0.003, seed: 1, candidate, source: at('images') };
  await runner.run('distill', { ...settings, teacher: at('wrong'), folder: at(name), ...changes });
  return lastOf(name);
}

test('a teacher that is no better than its student is not listened to, and a notice names both', async () => {
  const notices: string[] = [];
  configure({ warn: (notice) => void notices.push(notice) });
  const { details, summary, training } = await distilled('ignored', {});
  expect(details.teachers.map(({ isHeard }) => isHeard)).toEqual([false]);
  expect(summary).toMatch(/from the labels alone/);
  expect(training.steps).toBe(20);
  expect(notices.join()).toMatch(/is no better than its student on the 100 examples.*the teacher has 0\.00 %/);
});

test('it is refused, or listened to all the same, where that is asked for', async () => {
  await expect(distilled('refused', { weakTeacher: 'refuse' })).rejects.toThrow(/is no better than its student/);
  expect((await distilled('used', { weakTeacher: 'use' })).details.teachers[0]?.isHeard).toBe(true);
});

test('the command line refuses it as well', async () => {
  const args = ['distill', at('wrong'), '--student', at('student.yaml'), '--data', at('images'), '--device', 'cpu'];
  const { code, stderr } = await espalier([
    ...args,
    '--epochs',
    '1',
    '--weak-teacher',
    'refuse',
    '-o',
    at('out'),
    '-q',
  ]);
  expect(stderr).toMatch(/is no better than its student/u);
  expect(code).toBe(2);
});

test('what a model was not shown, it is not shown by what follows', async () => {
  configure({ warn: () => undefined });
  expect((await distilled('by-held', { teacher: at('held') })).training.steps).toBe(17);
  const runner = inlineRunner(await device('cpu'), 'cpu');
  const settings = { method: 'magnitude', sparsity: 0.5, scope: 'global', epochs: 1, lr: 0.003, batch: 30, seed: 1 };
  for (const [name, steps] of [
    ['wrong', 20],
    ['held', 17],
  ] as const) {
    await runner.run('prune', {
      ...settings,
      scope: 'global',
      source: at('images'),
      from: at(name),
      folder: at(`${name}-pruned`),
    });
    expect(lastOf(`${name}-pruned`).training.steps).toBe(steps);
  }
});
