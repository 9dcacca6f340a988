import { RandomStream, choice, createStudy, float, bohb, maxTrials, space } from '@espalier/search';
import { describe, expect, it } from 'vitest';
import { drawConfig, kernelDensity } from '../../src/strategies/multi-fidelity/kernel-density.ts';

const letters = ['a', 'b', 'c', 'd', 'e', 'f'];

describe('a kernel density', () => {
  it.each([0, 3, 5])('draws mostly the choice that most configs made, number %i', (favourite) => {
    const domain = space({ letter: choice(letters) });
    const others = [0, 1, 2].map((index) => letters[(favourite + 2 * index + 1) % 6] ?? '');
    const configs = [...Array.from({ length: 12 }, () => letters[favourite] ?? ''), ...others];
    const density = kernelDensity(
      domain,
      configs.map((letter) => ({ letter })),
      1e-3,
    );
    const drawn = Array.from({ length: 600 }, (_, index) => drawConfig(domain, density, 3, new RandomStream(1, index)));
    const share = drawn.filter(({ letter }) => letter === letters[favourite]).length / 600;
    expect(share).toBeGreaterThan(0.5);
    expect(share).toBeLessThan(0.8);
  });

  it('of choices that all agree gives none of the others up', () => {
    const domain = space({ letter: choice(letters) });
    const density = kernelDensity(
      domain,
      Array.from({ length: 15 }, () => ({ letter: 'a' })),
      1e-3,
    );
    const drawn = Array.from({ length: 600 }, (_, index) => drawConfig(domain, density, 3, new RandomStream(1, index)));
    expect(new Set(drawn.map(({ letter }) => letter)).size).toBe(6);
  });
});

describe('bohb', () => {
  it.each([2, 5, 6])('keeps away from what fails, with seed %i', async (seed) => {
    const study = await createStudy({
      name: 'failing',
      space: space({ x: float(0, 1), y: float(0, 1), letter: choice(letters) }),
      objectives: ['minimize loss'],
      strategy: bohb({ max: 9, randomFraction: 0 }),
      seed,
    });
    await study.run(
      ({ config: { x, y, letter } }) => {
        if (x > 0.5 || letter < 'c') throw new Error('no');
        return (x - 0.3) ** 2 + (y - 0.5) ** 2;
      },
      { stop: [maxTrials(200)] },
    );
    const failed = study.trials.slice(100).filter(({ state }) => state === 'failed');
    expect(failed.length).toBeLessThan(20);
  });
});
