/** The densities of TPE: mixtures of product kernels over parameters of every kind. */
import { at } from '../../numeric/matrix.ts';
import { normalMass, truncatedQuantile } from '../../numeric/normal.ts';
import type { RandomStream } from '../../random/random-stream.ts';
import { gridIndex } from '../../space/number-scale.ts';
import type { NumberParameter, Parameter } from '../../space/parameter.ts';
import { codeOf, valueOf, wallsOf } from '../codes.ts';
import type { Bandwidths } from './bandwidths.ts';

const rootTwoPi = Math.sqrt(2 * Math.PI);

/** One dimension of a density: a kernel for each observation, and one for the prior. */
interface Dimension {
  /** Adds the log kernels at a code to `sums`, by kernel. */
  addLog(code: number, sums: Float64Array): void;
  /** Draws a code from a kernel. */
  draw(kernel: number, random: RandomStream): number;
}

/** A number: normal kernels confined to its range, and the prior as wide as that. */
function continuous(parameter: Parameter, positions: Float64Array, widths: Float64Array): Dimension {
  const means = withPrior(positions, 0.5);
  const inverse = widths.map((width) => Math.SQRT1_2 / width);
  const offsets = means.map((mean, kernel) => {
    const width = at(widths, kernel);
    return -Math.log(rootTwoPi * width * normalMass(-mean / width, (1 - mean) / width));
  });
  return {
    addLog: (code, sums) => {
      for (let kernel = 0; kernel < means.length; kernel += 1) {
        const distance = (code - at(means, kernel)) * at(inverse, kernel);
        sums[kernel] = at(sums, kernel) + at(offsets, kernel) - distance * distance;
      }
    },
    draw: (kernel, random) => {
      const position = truncatedQuantile(random.uniform(), at(means, kernel), at(widths, kernel));
      return codeOf(parameter, valueOf(parameter, position));
    },
  };
}

/** A number on a grid of few values: the same kernels, of which each value has the mass of its cell. */
function gridded(
  parameter: NumberParameter,
  walls: Float64Array,
  positions: Float64Array,
  widths: Float64Array,
): Dimension {
  const plain = continuous(parameter, positions, widths);
  const means = withPrior(positions, 0.5);
  const cellOf = (code: number): number => gridIndex(parameter, Number(valueOf(parameter, code)));
  const totals = means.map((mean, kernel) =>
    Math.log(normalMass(-mean / at(widths, kernel), (1 - mean) / at(widths, kernel))),
  );
  const byCell: (Float64Array | undefined)[] = [];
  const logsOf = (cell: number): Float64Array =>
    means.map((mean, kernel) => {
      const width = at(widths, kernel);
      const inside = normalMass((at(walls, cell) - mean) / width, (at(walls, cell + 1) - mean) / width);
      return Math.log(Math.max(1e-300, inside)) - at(totals, kernel);
    });
  return {
    addLog: (code, sums) => {
      const cell = cellOf(code);
      const logs = (byCell[cell] ??= logsOf(cell));
      for (let kernel = 0; kernel < means.length; kernel += 1) sums[kernel] = at(sums, kernel) + at(logs, kernel);
    },
    draw: (kernel, random) => plain.draw(kernel, random),
  };
}

/** A choice: each kernel favours what was observed; the prior favours nothing. */
function categorical(values: number, observed: Float64Array): Dimension {
  const kernels = observed.length + 1;
  const hit = (1 + 1 / kernels) / (1 + values / kernels);
  const miss = 1 / kernels / (1 + values / kernels);
  const [logHit, logMiss, logPrior] = [Math.log(hit), Math.log(miss), -Math.log(values)];
  return {
    addLog: (code, sums) => {
      for (const [kernel, own] of observed.entries())
        sums[kernel] = at(sums, kernel) + (own === code ? logHit : logMiss);
      sums[kernels - 1] = at(sums, kernels - 1) + logPrior;
    },
    draw: (kernel, random) => {
      const favoured = random.chance(hit - miss) ? observed[kernel] : undefined;
      return favoured ?? random.below(values);
    },
  };
}

function withPrior(positions: Float64Array, prior: number): Float64Array {
  const all = new Float64Array(positions.length + 1);
  all.set(positions);
  all[positions.length] = prior;
  return all;
}

/** The observations of a parameter, and the parameter. */
export interface Observed {
  readonly parameter: Parameter;
  readonly codes: Float64Array;
}

/**
 * A density over a few parameters: a mixture of product kernels, one at each observation and a wide one, the prior, in
 * the middle.
 *
 * Source: Bergstra et al., "Algorithms for hyper-parameter optimization", NeurIPS 2011; Watanabe, "Tree-structured
 * Parzen estimator", 2023.
 */
export class Density {
  readonly #dimensions: readonly Dimension[];
  readonly #logWeights: Float64Array;
  readonly #cumulated: Float64Array;

  /** @param weights of the observations; that of the prior is 1. */
  constructor(observed: readonly Observed[], weights: Float64Array, bandwidths: Bandwidths) {
    this.#dimensions = observed.map(({ parameter, codes }) => {
      if (parameter.kind === 'choice') return categorical(parameter.values.length, codes);
      const widths = bandwidths(codes, observed.length);
      const walls = wallsOf(parameter);
      if (walls === undefined) return continuous(parameter, codes, widths);
      // A kernel that does not reach beyond its own cell would never try another value.
      const least = 0.5 / (walls.length - 1);
      return gridded(
        parameter,
        walls,
        codes,
        widths.map((width) => Math.max(width, least)),
      );
    });
    const all = withPrior(weights, 1);
    const total = all.reduce((sum, weight) => sum + weight, 0);
    let sum = 0;
    this.#logWeights = all.map((weight) => Math.log(weight / total));
    this.#cumulated = all.map((weight) => (sum += weight / total));
  }

  /** The logarithm of the density at a point. */
  logAt(point: readonly number[]): number {
    const sums = this.#logWeights.slice();
    for (const [index, dimension] of this.#dimensions.entries()) dimension.addLog(point[index] ?? 0, sums);
    let most = -Infinity;
    for (let kernel = 0; kernel < sums.length; kernel += 1) most = Math.max(most, at(sums, kernel));
    let total = 0;
    for (let kernel = 0; kernel < sums.length; kernel += 1) total += Math.exp(at(sums, kernel) - most);
    return most + Math.log(total);
  }

  /** A point drawn from the density. */
  draw(random: RandomStream): readonly number[] {
    const level = random.uniform();
    const found = this.#cumulated.findIndex((sum) => level < sum);
    const kernel = found < 0 ? this.#cumulated.length - 1 : found;
    return this.#dimensions.map((dimension) => dimension.draw(kernel, random));
  }
}
