/**
 * Plans as text, for a later process. A plan is data but for its kernels, and those are made of their specs again; what a device
 * answers about them (that it takes them, and the memory that they work in) has to be what it was.
 */
import type { Device } from '../device/device.ts';
import type { KernelSpec } from '../kernel/spec.ts';
import type { GraphView } from './graph-view.ts';
import { makePlan, planBufferOf, type Plan, type PlanOptions, type Slot } from './plan.ts';

/** What is written of a plan: the buffers that come from outside are those of the graph. */
interface SavedPlan extends Omit<Plan, 'steps' | 'leaves'> {
  readonly steps: readonly { readonly spec: KernelSpec; readonly slots: readonly Slot[] }[];
}

/** Plans that outlive the process that made them. */
export interface PlanStore {
  /** What was written under a key, as it was; undefined where nothing was. */
  readonly read: (key: string) => string | undefined;
  /** Keeps a text under a key, which may have 100,000 characters. */
  readonly write: (key: string, plan: string) => void;
}

/** Compiles a graph for a device, by a plan that was kept where there is one. */
export function planOf(view: GraphView, device: Device, options: PlanOptions, store: PlanStore | undefined): Plan {
  // What an op of a user's means is known to the process alone that defined it.
  if (store === undefined || view.nodes.some(({ op }) => op.ofUser)) return makePlan(view, device, options);
  const key = keyOf(view, device, options);
  const text = store.read(key);
  const found = text === undefined ? undefined : loaded(JSON.parse(text) as SavedPlan, view, device);
  if (found) return found;
  const plan = makePlan(view, device, options);
  const { leaves: _, steps, ...rest } = plan;
  const saved: SavedPlan = { ...rest, steps: steps.map(({ kernel: { spec }, slots }) => ({ spec, slots })) };
  store.write(key, JSON.stringify(saved));
  return plan;
}

/** All that a plan depends on beside this package itself: what is computed, how, and on what. */
function keyOf(view: GraphView, device: Device, { aliasTargets, overwrites }: PlanOptions): string {
  const { description, capabilities, encodedCosts } = device;
  const asked = { aliasTargets, overwrites: overwrites.map((leaf) => leaf ?? null) };
  const on = { description, ...capabilities, dtypes: [...capabilities.dtypes], encodedCosts };
  return JSON.stringify([view.key, asked, on]);
}

/** A plan with its kernels; undefined where the device no longer has what it relies on. */
function loaded({ steps, ...rest }: SavedPlan, view: GraphView, device: Device): Plan | undefined {
  const made: Plan['steps'][number][] = [];
  for (const { spec, slots } of steps) {
    if (spec.kind !== 'loop' && !device.accepts(spec)) return undefined;
    const kernel = device.prepare(spec);
    const scratch = kernel.scratch ?? [];
    const places = slots.slice(spec.bindings.length);
    const fits = places.every((slot, piece) => slot.kind === 'temporary' && slot.bytes >= (scratch[piece] ?? 0));
    if (!fits || places.length !== scratch.length) return undefined;
    made.push({ kernel, slots });
  }
  return { ...rest, steps: made, leaves: view.leaves.map(({ node }) => planBufferOf(node)) };
}
