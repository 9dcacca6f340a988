/**
 * Who owns which device memory. A buffer lives as long as its owner, a JavaScript object: it is freed when the owner says
 * so, or some time after nothing reaches the owner any more. Finalizers see to that when the program returns to its host;
 * a program that does not return is helped when memory runs short.
 */
import type { Device, DeviceBuffer } from './device.ts';
import { hostCollector } from './host-collector.ts';

/** A buffer with its owner. */
export interface Resident {
  readonly device: Device;
  readonly buffer: DeviceBuffer;
  readonly owner: WeakRef<object>;
}

interface Residents {
  readonly all: Set<Resident>;
  /** Bytes alive at which unreachable owners are looked for. */
  threshold: number;
}

/** Below this much memory in use nobody looks for garbage. */
export const leastThreshold: number = 64 * 2 ** 20;
/** Owners seen between two times that the host is asked to keep nothing for the job's sake. */
const keptAtMost = 4096;

const perDevice = new WeakMap<Device, Residents>();
const finalizers = new FinalizationRegistry<Resident>(release);
/** What is held, in a list that does not shrink: one that does is made anew when it grows again. */
const held: unknown[] = [];
let holds = 0;
let settled = 0;

function residentsOf(device: Device): Residents {
  let residents = perDevice.get(device);
  if (!residents) perDevice.set(device, (residents = { all: new Set(), threshold: leastThreshold }));
  return residents;
}

function release(resident: Resident): void {
  if (residentsOf(resident.device).all.delete(resident)) resident.device.free(resident.buffer);
}

/** Makes an object the owner of a buffer. */
export function settle(owner: object, device: Device, buffer: DeviceBuffer): Resident {
  const resident: Resident = { device, buffer, owner: new WeakRef(owner) };
  residentsOf(device).all.add(resident);
  finalizers.register(owner, resident, resident);
  if (++settled % keptAtMost === 0) hostCollector()?.endKeeping();
  return resident;
}

/** The buffer is the caller's from now on. */
export function leave(resident: Resident): DeviceBuffer {
  finalizers.unregister(resident);
  residentsOf(resident.device).all.delete(resident);
  return resident.buffer;
}

/** Runs `body`, during which what `objects` reach is not garbage, though nobody may look at it again. */
export function holding<T>(objects: unknown, body: () => T): T {
  hold(objects);
  try {
    return body();
  } finally {
    letGo();
  }
}

/** What `objects` reach is not garbage until they are let go of, the last ones first. */
export function hold(objects: unknown): void {
  held[holds++] = objects;
}

/** Lets go of the objects that were held last. */
export function letGo(): void {
  held[--holds] = undefined;
}

/** Frees the memory of owners that nothing reaches, as far as the host can tell; the bytes that were freed. */
export function reclaim(device: Device): number {
  return sweep(device).freed;
}

function sweep(device: Device): { readonly freed: number; readonly heap: number } {
  const before = device.memory().bytes;
  const collector = hostCollector();
  collector?.endKeeping();
  const heap = collector?.collect() ?? 0;
  for (const resident of residentsOf(device).all) {
    if (resident.owner.deref() !== undefined) continue;
    finalizers.unregister(resident);
    release(resident);
  }
  return { freed: before - device.memory().bytes, heap };
}

/**
 * Called by devices before they take memory: looks for garbage when twice as much is in use as was alive after the last
 * look (or as JavaScript uses, since a collection costs in proportion to that).
 */
export function relieve(device: Device, bytes: number): void {
  const residents = residentsOf(device);
  const wanted = device.memory().bytes + bytes;
  if (wanted <= residents.threshold) return;
  const { freed, heap } = sweep(device);
  residents.threshold = Math.max(leastThreshold, heap, 2 * (wanted - freed));
}
