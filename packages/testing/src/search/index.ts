export { MismatchError } from '../errors.ts';
export { storageLaws } from './storage-laws.ts';
export type { StorageHarness, StorageLaw } from './storage-laws.ts';
export { simulate, virtualClock } from './simulator.ts';
export type { SimulatedStep, SimulatedTell, SimulationOptions, SimulationResult, VirtualClock } from './simulator.ts';
