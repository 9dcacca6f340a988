import { device } from '@espalier/tensor';
import { expect, test } from 'vitest';
import { check, dtypesOf } from './check.ts';
import { golden, type Sample } from './file.ts';
import { meant } from './meant.ts';

// Every new kernel is compiled: one sample of each op, with a gradient if it has one, stands for those of the cpu device.
function typical(samples: readonly Sample[]): readonly Sample[] {
  const computed = samples.filter(
    ({ results = [] }) => results.length > 0 && results.every((index) => !golden.tensors[index]?.[1].includes(0)),
  );
  const smooth = computed.filter(({ gradients }) => gradients !== undefined);
  const among = smooth.length > 0 ? smooth : computed;
  return among.slice(Math.min(2, among.length - 1)).slice(0, 1);
}

test.each(Object.entries(golden.ops))('%s', async (op, samples) => {
  const webgpu = await device('webgpu');
  const wrong: string[] = [];
  for (const sample of typical(samples))
    for (const dtype of dtypesOf(sample, webgpu, ['f32'])) {
      const outcome = await check(op, sample, dtype, webgpu);
      const lacks = outcome.detail.includes('the webgpu device has no f64');
      if (outcome.verdict !== 'same' && !lacks && !meant(outcome)) wrong.push(`${outcome.verdict}: ${outcome.detail}`);
    }
  expect(wrong).toEqual([]);
});
