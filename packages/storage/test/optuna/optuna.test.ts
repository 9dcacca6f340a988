import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  choice,
  createStudy,
  float,
  int,
  list,
  maxTrials,
  memoryStorage,
  random,
  space,
  TrialPruned,
} from '@espalier/search';
import { exportOptuna, importOptuna } from '@espalier/storage';
import { describe, expect, it } from 'vitest';
import { findSqlite } from '../../src/sqlite/driver.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

const folder = temporaryFolder();
const at = (name: string): string => join(folder(), name);

/** A database of Optuna's own, made by tools/golden/optuna_studies.py. */
async function golden(): Promise<string> {
  const file = at(`optuna-${Math.random()}.db`);
  const database = (await findSqlite(`sqlite:${file}`))(file);
  // The dump fills tables in the order of their names.
  database.exec('PRAGMA foreign_keys = OFF');
  database.exec(readFileSync(new URL('../golden/optuna.sql', import.meta.url), 'utf8'));
  database.close();
  return file;
}

describe('a study from Optuna', () => {
  it('comes with its trials, whatever became of them', async () => {
    const study = await importOptuna(await golden(), { from: 'single', storage: 'memory:' });
    expect(study.criteria.objectives).toEqual([{ direction: 'maximize', metric: 'value' }]);
    expect(study.trials.map(({ state }) => state)).toEqual(['complete', 'pruned', 'failed', 'complete', 'waiting']);
    expect(study.space.parameters().get('x')).toMatchObject({ kind: 'float', low: -5, high: 8 });
    const [first, , third, , queued] = study.trials;
    expect(first?.reports).toHaveLength(3);
    expect(first?.reports[1]?.metrics['value']).toBe(first?.config['x']);
    expect(first?.metrics['value']).toBe(first?.config['x']);
    expect(third?.reports[3]).toEqual({ step: 3, metrics: { value: Number.NaN } });
    expect(queued?.config).toEqual({ x: 1.5 });
    // It goes on: what waits first, then what the strategy suggests.
    await study.run(({ config }) => Number(config['x']), { stop: [maxTrials(8)] });
    expect(study.trials).toHaveLength(8);
    expect(study.trials[4]?.metrics['value']).toBe(1.5);
  });

  it('with several objectives, choices of all types and a conditional parameter', async () => {
    const storage = memoryStorage();
    const study = await importOptuna(await golden(), { from: 'several', storage, name: 'mine', strategy: random() });
    expect(await storage.listStudies()).toEqual(['mine']);
    expect(study.criteria.objectives).toEqual([
      { direction: 'minimize', metric: 'value-0' },
      { direction: 'maximize', metric: 'value-1' },
    ]);
    const parameters = study.space.parameters();
    expect(parameters.get('x')).toMatchObject({ kind: 'float', log: true });
    expect(parameters.get('n')).toMatchObject({ kind: 'int', step: 2 });
    expect(parameters.get('c')).toMatchObject({ values: ['a', 1, true, null] });
    for (const { config, metrics } of study.trials) {
      expect(metrics).toEqual({ 'value-0': config['x'], 'value-1': config['n'] });
      expect((config['only a'] as { type: string }).type).toBe(config['c'] === 'a' ? 'set' : 'unset');
    }
    expect(study.trials.some(({ config }) => config['c'] === 'a')).toBe(true);
  });

  it('is refused when it is not there, not Optuna’s, or not named', async () => {
    const storage = memoryStorage();
    await expect(importOptuna(at('none.db'), { storage })).rejects.toThrow(/there is no such file/u);
    writeFileSync(at('text.db'), 'no database at all, but long enough to be looked at as one');
    await expect(importOptuna(at('text.db'), { storage })).rejects.toThrow(/this is no database of Optuna/u);
    await expect(importOptuna(await golden(), { storage })).rejects.toThrow(/'several', 'single': name one/u);
  });
});

describe('a study for Optuna', () => {
  it('comes back as it was', async () => {
    const study = await createStudy({
      name: 'ours',
      space: space({
        lr: float(1e-4, 1e-1, { log: true }),
        units: int(8, 64, { step: 8 }),
        optimizer: choice({ sgd: { momentum: float(0, 0.99) }, adam: {} }),
        layers: list(choice([16, 32]), { max: 3 }),
      }),
      objectives: ['minimize loss'],
      constraints: ['units <= 40'],
      strategy: random(),
    });
    await study.run(
      ({ config, number }) => {
        if (number === 3) throw new Error('broken');
        if (number === 4) throw new TrialPruned();
        return { loss: config.lr, units: config.units, seconds: 7 };
      },
      { stop: [maxTrials(20)] },
    );
    const file = at('ours.db');
    await exportOptuna(study, file);
    await expect(exportOptuna(study, file)).rejects.toThrow(/there is a file of this name/u);
    const back = await importOptuna(file, { storage: 'memory:' });
    expect(back.trials.map(({ state }) => state)).toEqual(study.trials.map(({ state }) => state));
    for (const [index, { config, metrics, state, startedAt }] of study.trials.entries()) {
      const found = back.trials[index];
      if (state === 'complete') expect(found?.metrics['value']).toBe(metrics['loss']);
      expect(found?.config['lr']).toBe(config.lr);
      expect(found?.config['optimizer']).toBe(config.optimizer.type);
      expect(found?.startedAt).toBe(startedAt);
    }
    expect(back.best?.number).toBe(
      study.trials
        .filter(({ state }) => state === 'complete')
        .reduce((a, b) => ((a.metrics['loss'] ?? 0) < (b.metrics['loss'] ?? 0) ? a : b)).number,
    );
  });
});
