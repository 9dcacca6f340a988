/** @espalier/testing/search: laws of storages, and studies on a clock that does not have to pass. */
export { MismatchError } from '../errors.ts';
export { storageLaws, type StorageHarness, type StorageLaw } from './storage-laws.ts';
export {
  simulate,
  virtualClock,
  type SimulatedStep,
  type SimulatedTell,
  type SimulationOptions,
  type SimulationResult,
  type VirtualClock,
} from './simulator.ts';
