import { device, ones } from '@espalier/tensor';
import { expect, test } from 'vitest';

test('a loop on webgpu that disposes nothing keeps what it reaches, and little more', async () => {
  const webgpu = await device('webgpu');
  const before = webgpu.memory().bytes;
  let most = 0;
  for (let i = 0; i < 150; i++) {
    const value = ones([512, 512], { device: webgpu }).mul(i).realizeSync();
    most = Math.max(most, webgpu.memory().bytes - before);
    if (i % 50 === 49) expect((await value.max().data())[0]).toBe(i);
  }
  expect(most).toBeLessThan(80 * 2 ** 20);
});
