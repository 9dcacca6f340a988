import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  choice,
  createStudy,
  float,
  FormatError,
  int,
  list,
  maxTrials,
  memoryStorage,
  random,
  space,
  StorageError,
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
    expect(third?.reports[3]).toMatchObject({ step: 3, metrics: { value: Number.NaN } });
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

  it('that cannot be stored as a whole says so', async () => {
    const storage = memoryStorage();
    storage.append = async () => {
      throw new StorageError('sqlite:x', 'database or disk is full: free space and resume');
    };
    await expect(importOptuna(await golden(), { from: 'single', storage })).rejects.toThrow(
      "storage sqlite:x: the import of study 'single' was cut short (storage sqlite:x: database or disk is full: free " +
        'space and resume): import it again by another name, for part of it is stored',
    );
  });

  it('is refused when it is damaged', async () => {
    const storage = memoryStorage();
    const file = await golden();
    const database = (await findSqlite(`sqlite:${file}`))(file);
    database.exec(`UPDATE trial_params SET distribution_json = '{"name": "Int'`);
    database.close();
    await expect(importOptuna(file, { from: 'single', storage })).rejects.toThrow(
      `${file}: it holds {"name": "Int, which cannot be read`,
    );
    const bytes = readFileSync(file);
    bytes.fill(0xa5, 4096);
    writeFileSync(file, bytes);
    await expect(importOptuna(file, { from: 'single', storage })).rejects.toThrow(FormatError);
    expect(await storage.listStudies()).toEqual([]);
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

  it('is there as a whole, or not at all', async () => {
    const study = await createStudy({
      name: "it's; DROP TABLE",
      space: space({ x: float(0, 1) }),
      objectives: ['minimize f'],
    });
    await study.run(({ config }) => config.x, { stop: [maxTrials(2)] });
    const full = new Proxy(study, {
      get: (target, key) => {
        if (key !== 'trials') return Reflect.get(target, key, target) as unknown;
        throw Object.assign(new Error('database or disk is full'), { rawCode: 13 });
      },
    });
    mkdirSync(at('exports'));
    const file = at('exports/study.db');
    await expect(exportOptuna(full, file)).rejects.toThrow(
      `storage sqlite:${file}: database or disk is full: free space and resume; what it held is safe`,
    );
    expect(readdirSync(at('exports'))).toEqual([]);
    await expect(exportOptuna(study, at('exports/none/study.db'))).rejects.toThrow(
      `it cannot be opened: there is no folder ${at('exports/none')}: make it, or name another`,
    );
    await exportOptuna(study, file);
    expect(readdirSync(at('exports'))).toEqual(['study.db']);
    const back = await importOptuna(file, { storage: 'memory:' });
    expect(back.name).toBe("it's; DROP TABLE");
    expect(back.trials).toHaveLength(2);
  });
});
