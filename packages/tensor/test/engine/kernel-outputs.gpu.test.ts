import { device } from '@espalier/tensor';
import fc from 'fast-check';
import { test } from 'vitest';
import { leavesOthersAlone, programs } from './kernel-outputs.ts';

test('outputs that nobody asked for, and what kernels work in, stay off other memory on webgpu', async () => {
  const webgpu = await device('webgpu');
  await fc.assert(
    fc.asyncProperty(programs, (program) => leavesOthersAlone(webgpu, program)),
    { numRuns: 25 },
  );
});
