/** What products cost on this device, in microseconds: `tools/bench/crossover.ts` shows them beside what is measured. */
import type { EncodedCosts } from '../../../device/encoded-costs.ts';

/** Measured in Node 20 on Zen 5, one thread. */
export const encodedCosts: EncodedCosts = {
  call: 8,
  windowsCall: 32,
  window: 0.002,
  dense: 0.000067,
  denseFewRows: 0.00013,
  manyRows: 8,
  stored: { csr: 0.00019, bitmask: 0.00012, int8: 0.00007 },
};
