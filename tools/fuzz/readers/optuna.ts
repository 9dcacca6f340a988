/** Reads Optuna's databases. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { memoryStorage, openStudy } from '@espalier/search';
import { exportOptuna, importOptuna } from '@espalier/storage';
import type { Reader } from '../engine/reader.ts';
import { mutateDatabase } from './sql-file.ts';
import { seedStudy } from './use-study.ts';

/** Optuna's databases. */
export const optunaReader: Reader = {
  name: 'optuna',
  seeds: async (folder) => {
    const storage = memoryStorage();
    await seedStudy(storage, 'seed');
    const file = join(folder, 'optuna.db');
    await exportOptuna(await openStudy({ storage }), file);
    return [readFileSync(file)];
  },
  mutate: (input, random, folder) => mutateDatabase(input, random, folder),
  read: async (input, folder) => {
    const file = join(folder, 'optuna.db');
    writeFileSync(file, input);
    const study = await importOptuna(file, { storage: memoryStorage() });
    JSON.stringify(study.trials);
    await study.ask();
  },
};
