/** The arithmetic of CMA-ES: from one generation to the next, without trials or spaces. */
import { at, eigenOf, type SquareMatrix } from '../../numeric/matrix.ts';

/** What follows from the number of dimensions and of samples alone. */
export interface Settings {
  readonly size: number;
  /** How many samples make a generation. */
  readonly samples: number;
  /** By rank, the part of a sample in the new mean; positive for the better half. */
  readonly weights: Float64Array;
  readonly parents: number;
  readonly effective: number;
  readonly pathRate: number;
  readonly sigmaRate: number;
  readonly damping: number;
  readonly rankOne: number;
  readonly rankMu: number;
  /** The expected length of a standard normal vector. */
  readonly length: number;
}

/** How the samples of a generation are spread. Never changed: each generation makes a new one. */
export interface Evolution {
  readonly settings: Settings;
  readonly generation: number;
  readonly mean: Float64Array;
  readonly sigma: number;
  readonly covariance: SquareMatrix;
  readonly sigmaPath: Float64Array;
  readonly covariancePath: Float64Array;
  /** The principal axes of the covariance as columns, and the lengths along them. */
  readonly axes: SquareMatrix;
  readonly lengths: Float64Array;
  /** By dimension, what a sample's step is stretched by, so that whole numbers keep moving. */
  readonly margin: Float64Array;
}

/** How many samples a generation has unless told otherwise. */
export function usualSamples(size: number): number {
  return 4 + Math.floor(3 * Math.log(Math.max(1, size)));
}

/** The default strategy parameters. Source: Hansen 2016, table 1. */
export function settingsOf(size: number, samples: number): Settings {
  const parents = Math.floor(samples / 2);
  const raw = Float64Array.from({ length: samples }, (_, rank) => Math.log((samples + 1) / 2) - Math.log(rank + 1));
  const sumOf = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0);
  const massOf = (values: Float64Array): number => sumOf(values) ** 2 / sumOf(values.map((value) => value * value));
  const best = raw.slice(0, parents);
  const effective = massOf(best);
  const negative = raw.slice(parents);
  const effectiveNegative = massOf(negative);
  const [gain, loss] = [sumOf(best), Math.abs(sumOf(negative))];
  const rankOne = 2 / ((size + 1.3) ** 2 + effective);
  const rankMu = Math.min(1 - rankOne - 1e-8, (2 * (effective - 2 + 1 / effective)) / ((size + 2) ** 2 + effective));
  const least = Math.min(
    1 + rankOne / rankMu,
    1 + (2 * effectiveNegative) / (effective + 2),
    (1 - rankOne - rankMu) / (size * rankMu),
  );
  const sigmaRate = (effective + 2) / (size + effective + 5);
  return {
    size,
    samples,
    weights: raw.map((value, rank) => (rank < parents ? value / gain : (least * value) / loss)),
    parents,
    effective,
    pathRate: (4 + effective / size) / (size + 4 + (2 * effective) / size),
    sigmaRate,
    damping: 1 + 2 * Math.max(0, Math.sqrt((effective - 1) / (size + 1)) - 1) + sigmaRate,
    rankOne,
    rankMu,
    length: Math.sqrt(size) * (1 - 1 / (4 * size) + 1 / (21 * size * size)),
  };
}

function identity(size: number): SquareMatrix {
  return Float64Array.from({ length: size * size }, (_, index) => (index % (size + 1) === 0 ? 1 : 0));
}

/** The state before the first generation. */
export function startEvolution(mean: Float64Array, sigma: number, samples: number): Evolution {
  const size = mean.length;
  return {
    settings: settingsOf(size, samples),
    generation: 0,
    mean,
    sigma,
    covariance: identity(size),
    sigmaPath: new Float64Array(size),
    covariancePath: new Float64Array(size),
    axes: identity(size),
    lengths: new Float64Array(size).fill(1),
    margin: new Float64Array(size).fill(1),
  };
}

/** The matrix times a vector; of its transpose with `transposed`. */
function times(matrix: SquareMatrix, vector: Float64Array, transposed = false): Float64Array {
  const size = vector.length;
  return vector.map((_, row) => {
    let sum = 0;
    for (let k = 0; k < size; k += 1) sum += at(matrix, transposed ? k * size + row : row * size + k) * at(vector, k);
    return sum;
  });
}

/** The step from the mean, in units of sigma, that a standard normal vector stands for. */
function stepOf({ axes, lengths }: Evolution, normal: Float64Array): Float64Array {
  return times(
    axes,
    normal.map((value, index) => value * at(lengths, index)),
  );
}

/** The sample that a standard normal vector stands for. */
export function sampleOf(state: Evolution, normal: Float64Array): Float64Array {
  const { mean, sigma, margin } = state;
  return stepOf(state, normal).map((value, index) => at(mean, index) + sigma * at(margin, index) * value);
}

/** How many of some vectors are opposite to one before them. */
function pairsIn(normals: readonly Float64Array[]): number {
  const isOpposite = (normal: Float64Array, place: number): boolean =>
    normals.slice(0, place).some((other) => other.every((value, index) => value === -at(normal, index)));
  return normals.filter(isOpposite).length;
}

/**
 * The next generation's state, from the normal vectors behind the samples of this one, best first.
 *
 * Opposite vectors that are both among the parents cancel, so that the mean moves less than independent ones would move
 * it, and the step size would shrink for no reason: the paths take for granted the move to be expected of random ranks.
 *
 * Source: Hansen, "The CMA evolution strategy: a tutorial", 2016, with its negative weights; for the opposite vectors
 * Auger, Brockhoff, Hansen, "Mirrored sampling in evolution strategies with weighted recombination", GECCO 2011, who
 * would rather leave the worse of two out, which takes more evaluations here.
 */
export function evolve(state: Evolution, ranked: readonly Float64Array[]): Evolution {
  const { settings, mean, sigma, axes, lengths } = state;
  const { samples, size, weights, parents, effective, pathRate, sigmaRate, damping, rankOne, rankMu, length } =
    settings;
  const steps = ranked.map((normal) => stepOf(state, normal));
  const move = new Float64Array(size);
  for (const [rank, step] of steps.slice(0, parents).entries()) {
    for (let index = 0; index < size; index += 1) move[index] = at(move, index) + at(weights, rank) * at(step, index);
  }
  /** C^(-1/2) times a vector. */
  const whiten = (vector: Float64Array): Float64Array =>
    times(
      axes,
      times(axes, vector, true).map((value, index) => value / at(lengths, index)),
    );
  // The expected square of the move is the sum of squares of the weights, less the products of those that meet in a pair.
  const cancelled = ((1 - 1 / effective) * 2 * pairsIn(ranked)) / (samples * (samples - 1));
  const mass = 1 / (1 / effective - cancelled);
  const keep = Math.sqrt(sigmaRate * (2 - sigmaRate) * mass);
  const whiteMove = whiten(move);
  const sigmaPath = state.sigmaPath.map((value, index) => (1 - sigmaRate) * value + keep * at(whiteMove, index));
  const pathLength = Math.hypot(...sigmaPath);
  const generation = state.generation + 1;
  const usual = Math.sqrt(1 - (1 - sigmaRate) ** (2 * generation)) * (1.4 + 2 / (size + 1)) * length;
  const steady = pathLength < usual ? 1 : 0;
  const push = steady * Math.sqrt(pathRate * (2 - pathRate) * mass);
  const covariancePath = state.covariancePath.map((value, index) => (1 - pathRate) * value + push * at(move, index));
  const scaled = weights.map((weight, rank) => {
    const step = steps[rank];
    if (weight >= 0 || step === undefined) return weight;
    return (weight * size) / (whiten(step).reduce((sum, value) => sum + value * value, 0) + 1e-8);
  });
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const lost = (1 - steady) * pathRate * (2 - pathRate);
  const kept = 1 + rankOne * lost - rankOne - rankMu * total;
  const covariance = new Float64Array(size * size);
  for (let row = 0; row < size; row += 1) {
    for (let column = 0; column <= row; column += 1) {
      let value = kept * at(state.covariance, row * size + column);
      value += rankOne * at(covariancePath, row) * at(covariancePath, column);
      for (const [rank, step] of steps.entries()) value += rankMu * at(scaled, rank) * at(step, row) * at(step, column);
      covariance[row * size + column] = value;
      covariance[column * size + row] = value;
    }
  }
  const { values, vectors } = eigenOf(covariance, size);
  return {
    settings,
    generation,
    mean: mean.map((value, index) => value + sigma * at(move, index)),
    sigma: sigma * Math.min(1e4, Math.exp((sigmaRate / damping) * (pathLength / length - 1))),
    covariance,
    sigmaPath,
    covariancePath,
    axes: vectors,
    lengths: values.map((value) => Math.sqrt(Math.max(1e-40, value))),
    margin: state.margin,
  };
}
