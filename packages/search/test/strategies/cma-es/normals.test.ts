import { describe, expect, it } from 'vitest';
import { normalCdf } from '../../../src/numeric/normal.ts';
import { settingsOf } from '../../../src/strategies/cma-es/evolution.ts';
import { generationNormals } from '../../../src/strategies/cma-es/normals.ts';

const dot = (a: Float64Array, b: Float64Array): number =>
  a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0);

describe('the normal vectors of a generation', () => {
  it.each([
    [1, 5],
    [2, 7],
    [6, 9],
    [10, 10],
    [3, 40],
  ])('of size %i, %i of them, come in opposite pairs at right angles', (size, samples) => {
    const normals = generationNormals(settingsOf(size, samples), 3, 4);
    expect(normals).toHaveLength(samples);
    normals.forEach((normal, index) => {
      if (index % 2 === 1) expect(normal).toEqual(normals[index - 1]?.map((value) => -value));
    });
    const directions = normals.filter((_, index) => index % 2 === 0);
    for (const [i, a] of directions.entries()) {
      for (const [j, b] of directions.entries()) {
        if (i < j && Math.floor(i / size) === Math.floor(j / size)) expect(dot(a, b)).toBeCloseTo(0, 10);
      }
    }
  });

  it('differ by seed and by generation, and are otherwise the same', () => {
    const settings = settingsOf(3, 7);
    expect(generationNormals(settings, 1, 2)).toEqual(generationNormals(settings, 1, 2));
    expect(generationNormals(settings, 1, 3)).not.toEqual(generationNormals(settings, 1, 2));
    expect(generationNormals(settings, 2, 2)).not.toEqual(generationNormals(settings, 1, 2));
  });

  it('have a normal law one by one', () => {
    const settings = settingsOf(4, 8);
    // The sixth is the opposite of the third to be turned; each of its coordinates is standard normal.
    const drawn = Array.from({ length: 4000 }, (_, generation) => generationNormals(settings, 9, generation)[5]);
    for (let coordinate = 0; coordinate < 4; coordinate += 1) {
      const sorted = drawn.map((normal) => normal?.[coordinate] ?? 0).toSorted((a, b) => a - b);
      // Kolmogorov and Smirnov: farther than this in one case of a thousand.
      sorted.forEach((value, index) => {
        const apart = Math.abs(normalCdf(value) - (index + 0.5) / sorted.length);
        if (apart >= 1.95 / Math.sqrt(sorted.length)) expect.fail(`coordinate ${coordinate}: ${apart} at ${value}`);
      });
    }
    expect(drawn).toHaveLength(4000);
  });
});
