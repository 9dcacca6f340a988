import { cacheNumbers } from '@espalier/nn';
import { device } from '@espalier/tensor';
import { test } from 'vitest';
import { expectSameInParts } from './laws.ts';

test.each(cacheNumbers)('a cache of %s on WebGPU gives what a call with all positions gives', async (numbers) => {
  await expectSameInParts(numbers, await device('webgpu'));
});
