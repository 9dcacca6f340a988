/** Computes lazy values: graph → plan (from the cache where possible) → run. */
import { RecentlyUsed } from '../cache/recently-used.ts';
import type { BufferRange, Device, DeviceBuffer, KernelCall } from '../device/device.ts';
import { holding } from '../device/residents.ts';
import { LifetimeError, OutOfMemoryError } from '../errors.ts';
import { modes } from '../graph/modes.ts';
import type { Node } from '../graph/node.ts';
import { Storage } from '../graph/storage.ts';
import { dtypes, type DType } from '../dtype/dtype.ts';
import { viewGraph, type GraphView, type Leaf } from '../lower/graph-view.ts';
import type { Plan, Slot } from '../lower/plan.ts';
import { showShape } from '../shape/shape.ts';
import { takePendingState } from './pending-state.ts';
import { planned } from './plans.ts';
import { runCalls } from './watch.ts';

/** Results of synchronous devices up to this size live in JavaScript memory. */
export const smallResultBytes = 256;

const plansPerDevice = 512;
const caches = new WeakMap<Device, RecentlyUsed<Plan>>();

function cachedPlan(view: GraphView, device: Device): Plan {
  let cache = caches.get(device);
  if (!cache) caches.set(device, (cache = new RecentlyUsed(plansPerDevice)));
  return cache.find(view.key, () => planned(view, device, { aliasTargets: true, overwrites: [] }));
}

/**
 * Computes the nodes that have no value yet, together and with the state that waits for one, and gives them their storage.
 * @throws {LifetimeError} for a node that was disposed, and where a step is recorded that has no values yet.
 */
export function realize(wanted: readonly Node[]): void {
  const pending = new Map<Device, Node[]>();
  for (const node of wanted) {
    if (node.released)
      throw new LifetimeError(
        node.op.name,
        'the tensor was disposed; keep it with keep() or read it before its scope ends',
      );
    if (!node.storage) pending.set(node.device, [...(pending.get(node.device) ?? []), node]);
  }
  if (pending.size > 0 && modes.trace)
    throw new LifetimeError(
      modes.trace.operation,
      `a value was read inside ${modes.trace.place}, where none exists yet; return it and read it outside`,
    );
  for (const [device, nodes] of pending) {
    const state = takePendingState(device).filter((node) => !nodes.includes(node));
    try {
      realizeOn(device, [...nodes, ...state]);
    } catch (error) {
      // State that cannot be computed fails where it is read, and not everybody else.
      if (state.length === 0) throw error;
      realizeOn(device, nodes);
    }
  }
}

/** Computes all state of a device that was assigned and has no value yet. */
export function realizeState(device: Device): void {
  const state = takePendingState(device);
  if (state.length > 0) realizeOn(device, state);
}

function realizeOn(device: Device, nodes: readonly Node[]): void {
  const targets = [...new Set([...nodes, ...watchedScalars(nodes)])];
  const view = viewGraph(targets, false);
  const plan = cachedPlan(view, device);
  const results = holding(view, () => runPlan(plan, view, device));
  const storages = results.map((buffer) => adopt(device, buffer));
  const taken = new Set<Storage>();
  // All are found before one is given: a value that has one lets go of what it was computed from, which others may be.
  const values = plan.targets.map((slot, index) => {
    const leaf = slot.kind === 'leaf' ? view.leaves[slot.index] : undefined;
    // A number that was passed in and is asked for itself has no storage yet that could be shared.
    if (leaf?.kind === 'scalar')
      return Storage.host(device, scalarBytes(Number(leaf.node.attributes['value']), (targets[index] as Node).dtype));
    const storage = leaf ? (leaf.node.storage as Storage) : (storages[slot.index] as Storage);
    const isShared = leaf !== undefined || taken.has(storage);
    taken.add(storage);
    return isShared ? storage.share() : storage;
  });
  for (const [index, value] of values.entries()) (targets[index] as Node).realize(value);
}

/** Runs a plan on the leaves of a view; the buffers of its results, the caller's. */
function runPlan(plan: Plan, view: GraphView, device: Device): DeviceBuffer[] {
  const temporary: DeviceBuffer[] = [];
  const results: DeviceBuffer[] = [];
  try {
    const leaves = view.leaves.map((leaf) => leafBuffer(leaf, temporary));
    for (const bytes of plan.temporaries) temporary.push(device.allocate(bytes));
    const temporaries = temporary.slice(temporary.length - plan.temporaries.length);
    for (const { bytes } of plan.results) results.push(device.allocate(bytes));
    runCalls(device, bindPlan(plan, { leaf: leaves, temporary: temporaries, result: results }));
    return results;
  } catch (error) {
    for (const buffer of results) device.free(buffer);
    throw error instanceof OutOfMemoryError ? tellTarget(error, view) : error;
  } finally {
    for (const buffer of temporary) device.free(buffer);
  }
}

/** A failed allocation told as what it was for: the largest value that was to be computed. */
function tellTarget(error: OutOfMemoryError, view: GraphView): OutOfMemoryError {
  const [largest] = view.targets.map((target) => view.nodes[target] as Node).toSorted((a, b) => b.bytes - a.bytes);
  if (!largest) return error;
  const { dtype, shape } = largest;
  let computed = largest;
  // Sums and products of vectors end as a view, which is no name of what was called.
  while (computed.op.family === 'movement' && computed.inputs[0]) [computed] = computed.inputs as [Node];
  return error.during(computed.op.name, `a buffer, needed to compute ${dtype} ${showShape(shape)},`);
}

/**
 * A loss is usually wanted after the update that used it. Scalars that somebody holds and that gradients flow through are
 * kept when they are computed on the way, so that reading them later computes nothing again.
 */
function watchedScalars(nodes: readonly Node[]): Node[] {
  const found: Node[] = [];
  const seen = new Set<Node>(nodes);
  const pending = [...nodes];
  for (let node = pending.pop(); node; node = pending.pop()) {
    for (const input of node.inputs) {
      if (input.storage || seen.has(input)) continue;
      seen.add(input);
      pending.push(input);
      if (input.handles > 0 && input.watched && input.shape.length === 0) found.push(input);
    }
  }
  return found.toSorted((a, b) => a.id - b.id);
}

function leafBuffer({ node, kind }: Leaf, temporary: DeviceBuffer[]): DeviceBuffer {
  if (kind !== 'scalar') {
    const { buffer, temporary: transient } = (node.storage as Storage).bufferForRead();
    if (transient) temporary.push(buffer);
    return buffer;
  }
  const buffer = node.device.allocate(dtypes[node.dtype].bytes);
  temporary.push(buffer);
  node.device.write(buffer, 0, scalarBytes(Number(node.attributes['value']), node.dtype));
  return buffer;
}

/** The stored bytes of one number. */
export function scalarBytes(value: number, dtype: DType): Uint8Array {
  const { bytes, view, encode } = dtypes[dtype];
  const data = new ArrayBuffer(bytes);
  view(data, 0, 1)[0] = encode(value);
  return new Uint8Array(data);
}

/** Takes over a result buffer; small ones move to JavaScript memory where reading is synchronous. */
export function adopt(device: Device, buffer: DeviceBuffer): Storage {
  if (!device.capabilities.synchronousRead || buffer.bytes > smallResultBytes) return Storage.resident(device, buffer);
  const data = device.readSync(buffer, 0, buffer.bytes);
  device.free(buffer);
  return Storage.host(device, data);
}

/** The buffers behind each kind of slot. */
export type SlotBuffers = Readonly<Record<Slot['kind'], readonly DeviceBuffer[]>>;

/** The memory behind a slot. */
export function rangeOf(slot: Slot, buffers: SlotBuffers): BufferRange {
  const buffer = buffers[slot.kind][slot.index] as DeviceBuffer;
  return slot.kind === 'temporary'
    ? { buffer, byteOffset: slot.offset, byteLength: slot.bytes }
    : { buffer, byteOffset: 0, byteLength: buffer.bytes };
}

/** Puts buffers into the slots of a plan. */
function bindPlan(plan: Plan, buffers: SlotBuffers): KernelCall[] {
  return plan.steps.map(({ kernel, slots }) => ({ kernel, ranges: slots.map((slot) => rangeOf(slot, buffers)) }));
}
