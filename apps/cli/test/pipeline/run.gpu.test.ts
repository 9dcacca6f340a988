import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { predict } from '@espalier/nn';
import { mnist } from '@espalier/nn/node';
import { loadOptimized } from '@espalier/optimize/node';
import { device, type DeviceName } from '@espalier/tensor';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunReport } from '@espalier/pipeline';
import { espalier } from '../helpers/cli.ts';
import { tinyRecipe, writeTinyImages } from '../helpers/tiny-images.ts';
import { writeTinyCandidate } from '../helpers/tiny-model.ts';

let folder = '';
const at = (...parts: readonly string[]): string => join(folder, ...parts);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-'));
  writeTinyImages(at('images'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function logits(name: DeviceName, row: string): Promise<ArrayLike<number>> {
  const place = await device(name);
  const { test: images } = await mnist({ directory: at('images'), device: place });
  const { model } = await loadOptimized(at('run', row), { device: place });
  return (await predict(model, images)).data();
}

test('a whole run on WebGPU ends, and its models compute the same on the processor', async () => {
  writeFileSync(at('tiny.yaml'), tinyRecipe(at('images'), at('run')));
  const { code, stdout, stderr } = await espalier(['run', at('tiny.yaml'), '--device', 'webgpu', '--json']);
  expect(code, stderr).toBe(0);
  expect(stderr).not.toContain('Warning:');
  const { rows, device: used } = JSON.parse(stdout) as RunReport;
  expect(used).toBe('webgpu');
  expect(rows.map(({ name }) => name)).toEqual(['searched', 'random-mask', 'pruned', 'int8', 'student']);
  for (const { name } of rows) {
    const [here, there] = [await logits('cpu', name), await logits('webgpu', name)];
    expect(there).toHaveLength(here.length);
    for (let index = 0; index < here.length; index += 1) expect(there[index], name).toBeCloseTo(here[index] ?? NaN, 3);
  }
});

test('the list of devices says nothing beside the list, whatever a driver says', async () => {
  const { code, stdout, stderr } = await espalier(['devices', '--json']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(JSON.parse(stdout)).toMatchObject({ devices: [{}, { name: 'webgpu', available: true }, {}] });
});

describe('the process that WebGPU has of its own', () => {
  const training = (output: string, epochs: number): readonly string[] =>
    ['train', at('candidate.yaml'), '-o', at(output), '--data', at('images'), '--device', 'webgpu'].concat(
      '--epochs',
      String(epochs),
    );
  beforeAll(() => writeTinyCandidate(at('candidate.yaml')));

  test('stops at Ctrl-C, and goes on as if nothing had happened', async () => {
    const args = training('stopped', 3);
    const stopped = await espalier(args, {
      onStderr: (text, kill) => {
        if (text.includes('train: ')) kill('SIGINT');
      },
    });
    expect(stopped.code, stopped.stderr).toBe(130);
    const resumed = await espalier([...args, '--resume']);
    expect(resumed.code, resumed.stderr).toBe(0);
    const straight = await espalier(training('straight', 3));
    expect(straight.code, straight.stderr).toBe(0);
    const weights = (output: string): Buffer => readFileSync(at(output, 'model.safetensors'));
    expect(weights('stopped').equals(weights('straight'))).toBe(true);
  });

  test('ends with the one that started it, also when that is killed', async () => {
    // It has the same stdout, which closes when both have ended.
    const killed = await espalier(training('killed', 10_000), {
      onStderr: (text, kill) => {
        if (text.includes('device: webgpu')) kill('SIGKILL');
      },
    });
    expect(killed.code).toBe(null);
  });
});
