/** Where plans are made, or found where they are kept. */
import type { Device } from '../device/device.ts';
import type { GraphView } from '../lower/graph-view.ts';
import type { Plan, PlanOptions } from '../lower/plan.ts';
import { planOf, type PlanStore } from '../lower/saved-plan.ts';
import { watch } from './watch.ts';

export type { PlanStore };

/** What keeps them: nothing, as a rule. */
export const keptPlans: { store: PlanStore | undefined } = { store: undefined };

/** Compiles a graph for a device. */
export function planned(view: GraphView, device: Device, options: PlanOptions): Plan {
  const make = (): Plan => planOf(view, device, options, keptPlans.store);
  return watch.by === undefined ? make() : watch.by.plan(make);
}
