import type { Device } from '@espalier/tensor';

const ofDense = { call: 1, moved: 0, scan: 0, manyRows: 1, few: 0, once: 0, each: 1, far: 0 };
const ofStored = { ...ofDense, call: 9, each: 9 };
const costs: Device['encodedCosts'] = {
  dense: ofDense,
  convolution: ofDense,
  windows: { call: 1, each: 1 },
  stored: {
    bitmask: ofStored,
    blocks: ofStored,
    codebook: ofStored,
    csr: ofStored,
    int4: ofStored,
    int8: ofStored,
    'int-n': ofStored,
    'n-of-m': ofStored,
  },
};

/** A device by whose costs dense products are faster, whatever the kernels of the day take. */
export function whereDenseIsFaster(device: Device): Device {
  return Object.defineProperty(device, 'encodedCosts', { value: costs });
}
