import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { configure, createCpuDevice, tensor } from '@espalier/tensor';
import { afterEach, expect, test, vi } from 'vitest';
import { keepPlans } from '../src/node/kept-plans.ts';

afterEach(() => {
  configure({ plans: undefined });
  vi.unstubAllEnvs();
});

test('plans are kept where the environment says, and nowhere else', () => {
  const folder = mkdtempSync(join(tmpdir(), 'espalier-kept-'));
  const compute = (name: string): void => {
    const device = createCpuDevice({ name, threads: 1 });
    expect(tensor([1, 2, 3], { device }).mul(2).sum().dataSync()[0]).toBe(12);
  };
  vi.stubEnv('ESPALIER_PLANS', '');
  keepPlans();
  compute('cpu:kept-nowhere');
  expect(readdirSync(folder)).toEqual([]);
  vi.stubEnv('ESPALIER_PLANS', folder);
  keepPlans();
  compute('cpu:kept');
  const files = readdirSync(folder);
  expect(files.length).toBeGreaterThan(0);
  compute('cpu:found');
  expect(readdirSync(folder)).toEqual(files);
  rmSync(folder, { recursive: true });
});
