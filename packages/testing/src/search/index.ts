/** @espalier/testing/search: laws of storages, and studies on a clock that does not have to pass. */
export { MismatchError } from '../errors.ts';
export { storageLaws } from './storage-laws.ts';
export type { StorageHarness, StorageLaw } from './storage-laws.ts';
export { simulate, virtualClock } from './simulator.ts';
export type { SimulatedStep, SimulatedTell, SimulationOptions, SimulationResult, VirtualClock } from './simulator.ts';
