export { journalStorage } from './journal.ts';
export type { JournalOptions } from './journal.ts';
export { openFileStorage } from './open-file-storage.ts';
