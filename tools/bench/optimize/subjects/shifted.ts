/** Images moved about by a few pixels, anew whenever they are read. */
import { dataset, type Dataset } from '@espalier/nn';
import { fromBytes, type Tensor } from '@espalier/tensor';

/**
 * The images of a dataset, 8 bits a pixel, each moved by up to `most` pixels along both axes; what comes in is 0. The moves are
 * a function of the seed, and of how much was read before.
 */
export function shifted(data: Dataset, most: number, seed: number): Dataset {
  let state = seed >>> 0;
  /** A whole number in -most … most. Source: D. E. Knuth, "The Art of Computer Programming", volume 2, 3.3.4 (MMIX). */
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * (2 * most + 1)) - most;
  };
  return dataset({
    ...data,
    load: async (indices) => {
      const loaded = await data.load(indices);
      const { x } = loaded as { readonly x: Tensor };
      const { shape, dtype, device } = x;
      const from = await x.bytes();
      x.dispose();
      const [height = 1, width = 1] = shape.slice(-2);
      const to = new Uint8Array(from.length);
      for (let start = 0; start < from.length; start += height * width) {
        const [down, right] = [next(), next()];
        for (let row = Math.max(0, down); row < Math.min(height, height + down); row++) {
          const begin = start + (row - down) * width + Math.max(0, -right);
          const length = width - Math.abs(right);
          to.set(from.subarray(begin, begin + length), start + row * width + Math.max(0, right));
        }
      }
      return { ...loaded, x: fromBytes(to, shape, { dtype, device }) };
    },
  });
}
