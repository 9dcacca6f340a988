/** What products cost on this device: `npm run bench:crossover` fits it to what it measures. */
import type { EncodedCosts } from '../../../device/encoded-costs.ts';

/** Processor time in Node 20 on one core of a Xeon (Sapphire Rapids). */
export const encodedCosts: EncodedCosts = {
  dense: { call: 16, moved: 0.39, scan: 0, manyRows: 2, few: 0.086, once: 0.23, each: 0.058, far: 0.14 },
  convolution: { call: 17, moved: 0.47, scan: 0, manyRows: 1, few: 0, once: 0.92, each: 0.052, far: 0 },
  windows: { call: 30, each: 0.38 },
  stored: {
    csr: { call: 18, moved: 0.3, scan: 0, manyRows: 1, few: 0, once: 0.2, each: 0.1, far: 0.18 },
    bitmask: { call: 17, moved: 0.36, scan: 0.11, manyRows: 2, few: 0.33, once: 0.26, each: 0.095, far: 0.18 },
    blocks: { call: 19, moved: 0.096, scan: 0.041, manyRows: 2, few: 1.3, once: 1.3, each: 0.1, far: 0 },
    'n-of-m': { call: 17, moved: 0.38, scan: 0.02, manyRows: 8, few: 0.18, once: 0, each: 0.097, far: 0.14 },
    int8: { call: 19, moved: 0.45, scan: 0, manyRows: 2, few: 0.068, once: 0.14, each: 0.06, far: 0.041 },
    int4: { call: 19, moved: 0.59, scan: 0, manyRows: 2, few: 0.12, once: 0.25, each: 0.057, far: 0 },
    'int-n': { call: 19, moved: 0.59, scan: 0, manyRows: 7, few: 0.13, once: 0.4, each: 0.058, far: 0.04 },
    codebook: { call: 18, moved: 0.46, scan: 0, manyRows: 2, few: 0.24, once: 0.33, each: 0.058, far: 0.042 },
  },
};
