/** Observers that leave the outermost values out, for finer steps between all others. */
import { affineOf } from '../number-format.ts';
import { roundHalfToEven } from '../rounding.ts';
import { Histogram } from './histogram.ts';
import { int8Codes, type Observer, type RangeCodes, type ValueRange } from './observer.ts';

abstract class ClippingObserver implements Observer {
  readonly #histogram = new Histogram();

  observe(values: ArrayLike<number>): void {
    this.#histogram.observe(values);
  }

  range(codes: RangeCodes = int8Codes): ValueRange {
    return this.#histogram.total === 0 ? this.#histogram.extremes() : this.find(this.#histogram, codes);
  }

  protected abstract find(histogram: Histogram, codes: RangeCodes): ValueRange;
}

/** Covers all but a share of the values. */
export class PercentileObserver extends ClippingObserver {
  readonly #share: number;

  constructor(percentile: number) {
    super();
    this.#share = percentile / 100;
  }

  protected find(histogram: Histogram): ValueRange {
    const { counts, total } = histogram;
    const { minimum, maximum } = histogram.extremes();
    const spare = (1 - this.#share) * total;
    const last = counts.length - 1;
    let low = 0;
    for (let passed = counts[0] as number; passed <= spare && low < last; passed += counts[low] as number) low++;
    let high = last;
    for (let passed = counts[last] as number; passed <= spare && high > 0; passed += counts[high] as number) high--;
    // The outer edge of a bin may lie beyond the last value seen.
    return {
      minimum: Math.max(minimum, Math.min(0, histogram.edge(low))),
      maximum: Math.min(maximum, Math.max(0, histogram.edge(high + 1))),
    };
  }
}

/** Shares of the whole range that are tried: 1, 0.99 … 0.2. */
const shares: readonly number[] = Array.from({ length: 81 }, (_, step) => 1 - step / 100);

/**
 * Covers the share of the whole range of which the values are moved least by rounding: least Σ |x - x̂|^norm. Source: the
 * search for clipping of E. Frantar et al., "GPTQ", 2023.
 */
export class ErrorObserver extends ClippingObserver {
  readonly #norm: number;

  constructor(norm: number) {
    super();
    this.#norm = norm;
  }

  protected find(histogram: Histogram, codes: RangeCodes): ValueRange {
    const { minimum, maximum } = histogram.extremes();
    const filled = [...histogram.counts.entries()].filter(([, count]) => count > 0);
    let best = { error: Infinity, share: 1 };
    for (const share of shares) {
      const round = roundingTo({ minimum: minimum * share, maximum: maximum * share }, codes);
      let error = 0;
      for (const [bin, count] of filled) {
        const value = Math.min(maximum, Math.max(minimum, histogram.edge(bin + 0.5)));
        error += count * Math.abs(value - round(value)) ** this.#norm;
      }
      if (error < best.error) best = { error, share };
    }
    return { minimum: minimum * best.share, maximum: maximum * best.share };
  }
}

/** What values become that are rounded to codes over a range. */
function roundingTo(range: ValueRange, codes: RangeCodes): (value: number) => number {
  const { scale, zero } = affineOf(range, codes);
  const { minimum, maximum } = codes;
  return (value) => (Math.min(maximum, Math.max(minimum, roundHalfToEven(value / scale) + zero)) - zero) * scale;
}

/**
 * Covers the magnitudes up to a threshold at which what is left of their distribution differs least from it: least
 * Σ p · log(p / q). Source: S. Migacz, "8-bit inference with TensorRT", 2017: a histogram of 2,048 bins, those beyond the
 * threshold counted in its last one, and its bins joined to as many as there are codes.
 */
export class EntropyObserver extends ClippingObserver {
  protected find(histogram: Histogram, { minimum: least, maximum: most, zeros }: RangeCodes): ValueRange {
    const { minimum, maximum } = histogram.extremes();
    const counts = histogram.magnitudes();
    const oneSided = minimum === 0 || maximum === 0;
    const levels = zeros && oneSided ? most - least + 1 : Math.min(-least, most) + 1;
    const used = Math.min(counts.length, Math.ceil(Math.max(-minimum, maximum) / histogram.width));
    let best = { divergence: Infinity, bins: used };
    for (let bins = Math.min(levels, used); bins <= used; bins++) {
      const divergence = divergenceOf(counts, bins, levels);
      if (divergence < best.divergence) best = { divergence, bins };
    }
    const threshold = best.bins * histogram.width;
    return { minimum: Math.max(minimum, -threshold), maximum: Math.min(maximum, threshold) };
  }
}

/** KL(P ‖ Q) of the first bins, with all others in the last of them, and of what is left when they are joined to so many levels. */
function divergenceOf(counts: Float64Array, bins: number, levels: number): number {
  const reference = counts.slice(0, bins);
  for (let bin = bins; bin < counts.length; bin++)
    reference[bins - 1] = (reference[bins - 1] as number) + (counts[bin] as number);
  const total = reference.reduce((sum, count) => sum + count, 0);
  const joined = new Float64Array(bins);
  let kept = 0;
  for (let level = 0; level < Math.min(levels, bins); level++) {
    const [begin, end] = [Math.floor((level * bins) / levels), Math.floor(((level + 1) * bins) / levels)];
    let [sum, filled] = [0, 0];
    for (let bin = begin; bin < end; bin++) {
      sum += counts[bin] as number;
      if ((reference[bin] as number) > 0) filled++;
    }
    kept += sum;
    for (let bin = begin; bin < end; bin++) if ((reference[bin] as number) > 0) joined[bin] = sum / filled;
  }
  let divergence = 0;
  for (let bin = 0; bin < bins; bin++) {
    const p = (reference[bin] as number) / total;
    if (p === 0) continue;
    const q = (joined[bin] as number) / kept;
    if (!(q > 0)) return Infinity;
    divergence += p * Math.log(p / q);
  }
  return divergence;
}
