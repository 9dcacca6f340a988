import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { predict } from '@espalier/nn';
import { mnist } from '@espalier/nn/node';
import { loadOptimized } from '@espalier/optimize/node';
import { device } from '@espalier/tensor';
import type { DeviceName } from '@espalier/tensor';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunReport } from '../../src/report/report-data.ts';
import { espalier } from '../helpers/cli.ts';
import { tinyRecipe, writeTinyImages } from '../helpers/tiny-images.ts';

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
  const { rows, device: used } = JSON.parse(stdout) as RunReport;
  expect(used).toBe('webgpu');
  expect(rows.map(({ name }) => name)).toEqual(['searched', 'random-mask', 'pruned', 'int8', 'student']);
  for (const { name } of rows) {
    const [here, there] = [await logits('cpu', name), await logits('webgpu', name)];
    expect(there).toHaveLength(here.length);
    for (let index = 0; index < here.length; index += 1) expect(there[index], name).toBeCloseTo(here[index] ?? NaN, 3);
  }
});
