/** Pixels with mean 0 and deviation 1 by channel, as the training part has them. */
import { dataset, type Dataset } from '@espalier/nn';
import { fromTyped, type Tensor } from '@espalier/tensor';

/** What is taken off each channel, and what it is divided by: pixels are 0 to 1. */
export interface Normalisation {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** A channel that hardly varies is not blown up beyond this. */
const leastStd = 1 / 255;

/** Adds up bytes of pictures in whole numbers, so that no order of pictures changes what comes of it. */
export class Tally {
  readonly #sums: bigint[];
  readonly #squares: bigint[];
  #pixels = 0;

  constructor(channels: number) {
    this.#sums = Array.from({ length: channels }, () => 0n);
    this.#squares = Array.from({ length: channels }, () => 0n);
  }

  /** One picture: bytes [channels, pixels]. */
  add(picture: Uint8Array): void {
    const size = picture.length / this.#sums.length;
    for (let channel = 0; channel < this.#sums.length; channel++) {
      let [sum, square] = [0, 0];
      for (let at = channel * size; at < (channel + 1) * size; at++) {
        const value = picture[at] as number;
        sum += value;
        square += value * value;
      }
      this.#sums[channel] = (this.#sums[channel] ?? 0n) + BigInt(sum);
      this.#squares[channel] = (this.#squares[channel] ?? 0n) + BigInt(square);
    }
    this.#pixels += size;
  }

  /** Mean and deviation of each channel, of pixels from 0 to 1. */
  normalisation(): Normalisation {
    const count = Math.max(1, this.#pixels);
    const mean = this.#sums.map((sum) => Number(sum) / count / 255);
    const std = this.#squares.map((square, channel) =>
      Math.max(leastStd, Math.sqrt(Math.max(0, Number(square) / count / 255 ** 2 - (mean[channel] as number) ** 2))),
    );
    return { mean, std };
  }
}

/** A dataset of pictures whose pixels are normalised. */
export function normalised(data: Dataset, { mean, std }: Normalisation): Dataset {
  const perChannel = (values: readonly number[], like: Tensor): Tensor =>
    fromTyped(Float32Array.from(values), [1, values.length, 1, 1], { device: like.device });
  const factors = std.map((each) => 1 / each);
  return dataset({
    size: data.size,
    load: (indices) => data.load(indices),
    prepare: (loaded) => {
      const { x, y } = data.prepare(loaded);
      return { x: x.sub(perChannel(mean, x)).mul(perChannel(factors, x)), y };
    },
    ...(data.labels && { labels: data.labels }),
  });
}
