import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createCpuDevice } from '../../../src/devices/cpu/cpu-device.ts';
import { createReferenceDevice } from '../../../src/devices/reference/reference-device.ts';
import { loopCases } from './arbitrary-loop.ts';
import { runOn } from '../run-on.ts';

const cpu = createCpuDevice();
const reference = createReferenceDevice();

describe('loop kernels', () => {
  test('agree with the reference exactly where arithmetic is exact', () => {
    fc.assert(
      fc.property(loopCases, ({ spec, contents }) => {
        expect(runOn(cpu, spec, contents)).toEqual(runOn(reference, spec, contents));
      }),
      { numRuns: 250 },
    );
  }, 60_000);
});
