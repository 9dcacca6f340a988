import { cpu, createReferenceDevice } from '@espalier/tensor';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { leavesOthersAlone, programs } from './kernel-outputs.ts';

test.each([cpu(), createReferenceDevice('outputs')])(
  'outputs that nobody asked for, and what kernels work in, stay off other memory on $name',
  async (device) => {
    await fc.assert(
      fc.asyncProperty(programs, (program) => leavesOthersAlone(device, program)),
      { numRuns: 60 },
    );
    expect(device.memory().buffers).toBe(0);
  },
);
