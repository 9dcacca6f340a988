import {
  choice,
  cmaEs,
  float,
  gp,
  grid,
  int,
  list,
  maxTrials,
  permutation,
  replay,
  sobol,
  space,
  tpe,
  type Strategy,
} from '@espalier/search';
import { describe, expect, it } from 'vitest';
import { studyOf } from '../helpers/run.ts';

const domain = space({
  rate: float(1e-4, 1, { log: true }),
  layers: list(choice({ dense: { units: int(8, 64, { step: 8 }) }, drop: { part: float(0, 0.5) } }), {
    min: 1,
    max: 3,
  }),
  order: permutation(['a', 'b', 'c']),
});

const strategies: readonly Strategy[] = [
  grid({ points: 2 }),
  sobol(),
  tpe(),
  tpe({ multivariate: false }),
  cmaEs(),
  gp(),
];

describe.each(strategies.map((strategy, index) => [`${strategy.name} (${index})`, strategy] as const))(
  '%s',
  (_, strategy) => {
    it('searches lists, permutations and what only some configs have, and can be replayed', async () => {
      const study = await studyOf(domain, strategy, 6);
      const { stopped } = await study.run(
        ({ config: { rate, layers, order } }) =>
          Math.abs(Math.log10(rate) + 2) + Math.abs(layers.length - 2) + (order[0] === 'b' ? 0 : 1),
        { stop: [maxTrials(30)], workers: 2 },
      );
      expect(stopped.by).toBe('maxTrials(30)');
      expect(new Set(study.trials.map(({ config }) => domain.key(config))).size).toBe(30);
      expect((await replay(study)).differences).toEqual([]);
    });
  },
);
