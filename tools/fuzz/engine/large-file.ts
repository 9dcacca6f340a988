/** Files of one tensor that are large enough to show how much memory is taken for a byte. */
import { memorySink, type Container, type WrittenTensor } from '@espalier/models';

/** Noise, so that packing takes little from it. */
const values = Uint8Array.from({ length: 1 << 18 }, (_, index) => Math.imul(index + 1, 0x9e3779b1) >>> 24);

/** A tensor of 256 KiB. */
export const largeTensor: WrittenTensor = {
  dtype: 'F32',
  shape: [256, 256],
  bytes: values.length,
  values: async function* () {
    yield values;
  },
};

/** A file of it. */
export async function largeFile(write: Container['write']): Promise<Uint8Array> {
  const sink = memorySink();
  await write?.(sink, new Map([['a', largeTensor]]), {});
  return sink.bytes();
}
