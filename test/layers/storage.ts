// The layers of @espalier/storage, the lowest first.
import type { Layers } from './layers.ts';

/** What a file is below what is kept in one, a kind of storage each, and whoever opens them by URL. */
export const storage: Layers = {
  arrows: {
    'file-errors.ts': [],
    'process-identity.ts': [],
    'lock.ts': ['process-identity.ts'],
    'json.ts': [],
    'make-folder.ts': [],
    journal: ['file-errors.ts', 'lock.ts', 'json.ts', 'make-folder.ts'],
    'keep-alive.ts': [],
    sql: ['json.ts', 'journal'],
    postgres: ['sql'],
    sqlite: ['process-identity.ts', 'make-folder.ts', 'sql'],
    'open-file-storage.ts': ['journal', 'keep-alive.ts', 'postgres', 'sqlite'],
    'keep-alive-thread.ts': ['keep-alive.ts', 'open-file-storage.ts'],
    optuna: ['file-errors.ts', 'json.ts', 'sql', 'sqlite'],
  },
  exceptions: [],
};
