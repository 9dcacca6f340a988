import { RandomStream } from '@espalier/search';
import { describe, expect, it } from 'vitest';
import { boxMuller, normalCdf } from '../../../src/numeric/normal.ts';
import {
  evolve,
  sampleOf,
  settingsOf,
  startEvolution,
  usualSamples,
  type Evolution,
} from '../../../src/strategies/cma-es/evolution.ts';
import { generationNormals } from '../../../src/strategies/cma-es/normals.ts';
import { withMargin } from '../../../src/strategies/cma-es/margin.ts';

type Objective = (x: Float64Array) => number;

function normals(count: number, size: number, random: RandomStream): readonly Float64Array[] {
  return Array.from({ length: count }, () =>
    Float64Array.from({ length: size }, () => boxMuller(1 - random.uniform(), random.uniform())),
  );
}

/** The states of some generations on an objective; `turn` changes the normal vectors before they are used. */
function run(
  start: Evolution,
  objective: Objective,
  generations: number,
  turn: (normal: Float64Array) => Float64Array = (normal) => normal,
): readonly Evolution[] {
  const random = new RandomStream(1, 0);
  let state = start;
  return Array.from({ length: generations }, () => {
    const drawn = normals(state.settings.samples, state.settings.size, random).map(turn);
    const values = drawn.map((normal) => objective(sampleOf(state, normal)));
    const order = drawn.map((_, index) => index).toSorted((a, b) => (values[a] ?? 0) - (values[b] ?? 0));
    state = evolve(
      state,
      order.flatMap((index) => drawn[index] ?? []),
    );
    return state;
  });
}

const valley: Objective = ([x = 0, y = 0, z = 0]) => (x - 0.2) ** 2 + 100 * (y - 0.4 * x) ** 2 + 10 * (z - y) ** 2;

describe('the parameters of the evolution', () => {
  it.each([2, 6, 10, 40])('for %i dimensions add up as they should', (size) => {
    const { weights, parents, rankOne, rankMu, effective } = settingsOf(size, 4 + Math.floor(3 * Math.log(size)));
    expect(weights.slice(0, parents).reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 12);
    expect(effective).toBeGreaterThan(1);
    expect(effective).toBeLessThanOrEqual(parents);
    // The covariance keeps a positive part of what it was, whatever is subtracted.
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    expect(1 - rankOne - rankMu * total).toBeGreaterThan(0);
    expect([...weights].every((weight, rank) => rank === 0 || weight <= (weights[rank - 1] ?? 0))).toBe(true);
  });
});

describe('the evolution', () => {
  const start = startEvolution(Float64Array.from([0.5, 0.5, 0.5]), 0.3, 7);

  it('converges', () => {
    const last = run(start, valley, 120).at(-1);
    expect(valley(last?.mean ?? new Float64Array(3))).toBeLessThan(1e-10);
  });

  it('sees only the order of values', () => {
    const plain = run(start, valley, 30).at(-1);
    const bent = run(start, (x) => -1 / (1 + valley(x)) ** 3, 30).at(-1);
    expect(bent?.mean).toEqual(plain?.mean);
    expect(bent?.covariance).toEqual(plain?.covariance);
  });

  it('goes the same way on a turned function', () => {
    const [c, s] = [Math.cos(0.7), Math.sin(0.7)];
    const turn = ([x = 0, y = 0, z = 0]: Float64Array): Float64Array =>
      Float64Array.from([c * x - s * y, s * x + c * y, z]);
    const back = ([x = 0, y = 0, z = 0]: Float64Array): Float64Array =>
      Float64Array.from([c * x + s * y, c * y - s * x, z]);
    const plain = run(start, valley, 1);
    const turned = run({ ...start, mean: turn(start.mean) }, (x) => valley(back(x)), 1, turn);
    const [a, b] = [plain[0], turned[0]];
    // One generation: from then on the axes of the covariance, and so the use of the draws, are a matter of choice.
    expect(b?.sigma).toBeCloseTo(a?.sigma ?? 0, 12);
    turn(a?.mean ?? new Float64Array(3)).forEach((value, index) => expect(b?.mean[index]).toBeCloseTo(value, 12));
    const trace = (state?: Evolution): number =>
      [0, 4, 8].reduce((sum, index) => sum + (state?.covariance[index] ?? 0), 0);
    expect(trace(b)).toBeCloseTo(trace(a), 12);
  });

  it('goes the same way in a moved and stretched space', () => {
    const plain = run(start, valley, 20).at(-1);
    const moved = startEvolution(
      start.mean.map((value) => 8 * value - 3),
      8 * start.sigma,
      7,
    );
    const other = run(moved, (x) => valley(x.map((value) => (value + 3) / 8)), 20).at(-1);
    plain?.mean.forEach((value, index) => expect(other?.mean[index]).toBeCloseTo(8 * value - 3, 8));
  });
});

describe('the step size', () => {
  it.each([2, 5, 10])('keeps its size in %i dimensions while ranks are random', (size) => {
    const [runs, generations] = [100, 100];
    let sum = 0;
    for (let seed = 0; seed < runs; seed += 1) {
      const random = new RandomStream(seed, 0);
      let state = startEvolution(new Float64Array(size).fill(0.5), 1, usualSamples(size));
      for (let generation = 0; generation < generations; generation += 1) {
        const drawn = generationNormals(state.settings, seed, generation).map((normal) => ({
          normal,
          at: random.uniform(),
        }));
        state = evolve(
          state,
          drawn.toSorted((a, b) => a.at - b.at).map(({ normal }) => normal),
        );
      }
      sum += Math.log(state.sigma);
    }
    // Were the opposite vectors taken for independent ones, it would be about -3.
    expect(Math.abs(sum / runs)).toBeLessThan(0.5);
  });
});

describe('the margin', () => {
  const walls = [Float64Array.from([0.25, 0.5, 0.75]), undefined];
  const reachOf = (mean: number, sigma: number): readonly number[] => {
    const state = withMargin(startEvolution(Float64Array.from([mean, 0.5]), sigma, 6), walls);
    const deviation = state.sigma * (state.margin[0] ?? 0);
    const below = [0.25, 0.5, 0.75].map((wall) => normalCdf((wall - (state.mean[0] ?? 0)) / deviation));
    return [below[0] ?? 0, (below[1] ?? 0) - (below[0] ?? 0), (below[2] ?? 0) - (below[1] ?? 0), 1 - (below[2] ?? 0)];
  };

  it('keeps the next cells in reach, however narrow the law', () => {
    const least = 1 / (2 * 6);
    for (const sigma of [1e-6, 0.01, 0.05]) {
      const inner = reachOf(0.4, sigma);
      expect(inner[0]).toBeGreaterThanOrEqual(least / 2 - 1e-9);
      expect((inner[2] ?? 0) + (inner[3] ?? 0)).toBeGreaterThanOrEqual(least / 2 - 1e-9);
      const outer = reachOf(0.1, sigma);
      expect(1 - (outer[0] ?? 0)).toBeGreaterThanOrEqual(least - 1e-9);
      const top = reachOf(0.95, sigma);
      expect(1 - (top[3] ?? 0)).toBeGreaterThanOrEqual(least - 1e-9);
    }
  });

  it('changes nothing where the law is wide, or the number continuous', () => {
    const state = startEvolution(Float64Array.from([0.4, 0.5]), 0.4, 6);
    expect(withMargin(state, walls)).toEqual(state);
    const narrow = withMargin(startEvolution(Float64Array.from([0.4, 0.5]), 1e-6, 6), walls);
    expect([narrow.mean[1], narrow.margin[1]]).toEqual([0.5, 1]);
  });
});
