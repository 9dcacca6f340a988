/**
 * What products cost on adapters that are emulated: `npm run bench:crossover -- --device webgpu` fits it to what it measures.
 * Graphics cards differ too much for figures of one to hold for another: on those all products run from the arrays.
 */
import type { EncodedCosts } from '../../../device/encoded-costs.ts';

/** Processor time on llvmpipe of Mesa 25 on two threads of Zen 5, by Dawn in Node 20. */
export const softwareCosts: EncodedCosts = {
  dense: { call: 130, moved: 12, scan: 0, manyRows: 2, few: 2.1, once: 1.1, each: 0.36, far: 0 },
  convolution: { call: 150, moved: 9.3, scan: 0, manyRows: 1, few: 0, once: 3.6, each: 0.46, far: 0 },
  windows: { call: 370, each: 4.6 },
  stored: {
    csr: { call: 170, moved: 3.4, scan: 0.21, manyRows: 8, few: 1.3, once: 0, each: 2.1, far: 1.7 },
    bitmask: { call: 220, moved: 14, scan: 0.95, manyRows: 8, few: 1.4, once: 0, each: 2.4, far: 1.7 },
    blocks: { call: 200, moved: 0, scan: 0, manyRows: 8, few: 3.2, once: 6.1, each: 4.3, far: 0 },
    'n-of-m': { call: 170, moved: 10, scan: 0.44, manyRows: 8, few: 1.2, once: 0, each: 1.8, far: 1.8 },
    int8: { call: 180, moved: 3.9, scan: 0, manyRows: 8, few: 0.23, once: 0, each: 0.34, far: 0.35 },
    int4: { call: 180, moved: 5.8, scan: 0, manyRows: 8, few: 0.35, once: 1, each: 0.34, far: 0.16 },
    'int-n': { call: 180, moved: 5.8, scan: 0, manyRows: 8, few: 0.35, once: 1, each: 0.34, far: 0.16 },
    codebook: { call: 190, moved: 7.1, scan: 0, manyRows: 8, few: 1.2, once: 0, each: 1.4, far: 0.73 },
  },
};
