/** What products cost on this device: `npm run bench:crossover` fits it to what it measures. */
import type { EncodedCosts } from '../../../device/encoded-costs.ts';

/** Measured in Node 20 on Zen 5, one thread. */
export const encodedCosts: EncodedCosts = {
  dense: { call: 14, moved: 0.41, scan: 0, manyRows: 2, few: 0.086, once: 0.22, each: 0.058, far: 0.18 },
  convolution: { call: 22, moved: 0, scan: 0, manyRows: 1, few: 0, once: 0.2, each: 0.065, far: 0 },
  windows: { call: 35, each: 0 },
  stored: {
    csr: { call: 14, moved: 0.34, scan: 0.0028, manyRows: 2, few: 0.42, once: 0.22, each: 0.1, far: 0.15 },
    bitmask: { call: 14, moved: 0.34, scan: 0.12, manyRows: 2, few: 0.43, once: 0.25, each: 0.094, far: 0.21 },
    blocks: { call: 16, moved: 0.13, scan: 0.036, manyRows: 2, few: 1.4, once: 1.2, each: 0.1, far: 0.047 },
    'n-of-m': { call: 15, moved: 0.29, scan: 0.033, manyRows: 8, few: 0.27, once: 0, each: 0.11, far: 0.15 },
    int8: { call: 15, moved: 0.46, scan: 0, manyRows: 8, few: 0.093, once: 0.32, each: 0.058, far: 0.013 },
    int4: { call: 16, moved: 0.46, scan: 0, manyRows: 2, few: 0.13, once: 0.33, each: 0.058, far: 0 },
    codebook: { call: 13, moved: 0.45, scan: 0, manyRows: 2, few: 0.26, once: 0.32, each: 0.059, far: 0.016 },
  },
};
