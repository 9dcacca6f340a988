import { device } from '@espalier/tensor';
import { checkKernel } from '@espalier/testing';
import { expect, test } from 'vitest';
import { rotaryEmbedding } from './rotary-embedding.ts';
import { rotaryLaws } from './rotary-laws.ts';

test('the WGSL of a kernel of one’s own agrees with its reference', async () => {
  const { cases } = await checkKernel(rotaryEmbedding, { ...rotaryLaws, devices: [await device('webgpu')], runs: 20 });
  expect(cases['webgpu']).toBeGreaterThan(0);
});
