/** @espalier/storage: studies in files and databases, for Node; what a storage is, @espalier/search says. */
export { journalStorage, type JournalOptions } from './journal/journal.ts';
export { keepAlive } from './keep-alive.ts';
export { openFileStorage, storageTypes } from './open-file-storage.ts';
export { exportOptuna } from './optuna/export.ts';
export { importOptuna, type ImportOptunaOptions } from './optuna/import.ts';
export { postgresStorage } from './postgres/postgres-storage.ts';
export { sqliteStorage, type SqliteOptions } from './sqlite/sqlite-storage.ts';
export { takeLock, type LockAnswer } from './lock.ts';
export { ownIdentity, type ProcessIdentity } from './process-identity.ts';
