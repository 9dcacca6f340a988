export { storageLaws } from './storage-laws.ts';
export type { StorageHarness, StorageLaw } from './storage-laws.ts';
