/** @espalier/storage: studies in files and databases, for Node; what a storage is, @espalier/search says. */
export { journalStorage } from './journal/journal.ts';
export type { JournalOptions } from './journal/journal.ts';
export { keepAlive } from './keep-alive.ts';
export { openFileStorage, storageTypes } from './open-file-storage.ts';
export { exportOptuna } from './optuna/export.ts';
export { importOptuna } from './optuna/import.ts';
export type { ImportOptunaOptions } from './optuna/import.ts';
export { postgresStorage } from './postgres/postgres-storage.ts';
export { sqliteStorage } from './sqlite/sqlite-storage.ts';
export type { SqliteOptions } from './sqlite/sqlite-storage.ts';
export { takeLock } from './lock.ts';
export type { LockAnswer } from './lock.ts';
export { ownIdentity } from './process-identity.ts';
export type { ProcessIdentity } from './process-identity.ts';
