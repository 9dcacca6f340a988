/**
 * A plan: the kernels that compute some targets, in order, on numbered buffers. Plans hold no data and no nodes, so one
 * plan serves every graph of the same structure.
 */
import type { Device, PreparedKernel } from '../device/device.ts';
import type { DType } from '../dtype/dtype.ts';
import type { Node } from '../graph/node.ts';
import { isIdle } from '../kernel/idle.ts';
import type { Shape } from '../shape/shape.ts';
import { draftKernels, type Draft } from './draft.ts';
import { findEpilogues } from './epilogues.ts';
import type { ExtraValues } from './extra-values.ts';
import { fuse } from './fuse.ts';
import type { GraphView } from './graph-view.ts';
import { findInPlace } from './in-place.ts';
import { assignTemporaries, type Bound } from './memory.ts';
import { schedule } from './schedule.ts';
import { resolveSources } from './sources.ts';
import type { Asked, Drafted } from './stages.ts';

/** What a kernel binds: a value from outside, a result, or (a part of) memory that lives only during the run. */
export type Slot =
  | { readonly kind: 'leaf'; readonly index: number }
  | { readonly kind: 'result'; readonly index: number }
  | { readonly kind: 'temporary'; readonly index: number; readonly offset: number; readonly bytes: number };

/** One kernel of a plan. */
export interface PlanStep {
  readonly kernel: PreparedKernel;
  readonly slots: readonly Slot[];
}

/** What a buffer that comes from outside, or that the plan makes, holds. */
export interface PlanBuffer {
  readonly bytes: number;
  readonly dtype: DType;
  readonly shape: Shape;
}

/** The compiled form of a graph. */
export interface Plan {
  readonly steps: readonly PlanStep[];
  /** The values from outside. */
  readonly leaves: readonly PlanBuffer[];
  /** Bytes of each temporary buffer; values with disjoint lifetimes share its parts. */
  readonly temporaries: readonly number[];
  /** The largest sum of bytes of values in those that live at the same time. */
  readonly alive: number;
  /** Buffers that outlive the run; several targets may look at one. */
  readonly results: readonly PlanBuffer[];
  /** Where each target is found. A target that is a leaf was not computed at all. */
  readonly targets: readonly Slot[];
}

/** How a graph is to be compiled. */
export type PlanOptions = Pick<Asked, 'aliasTargets' | 'overwrites'>;

/** Compiles a graph for a device. */
export function makePlan(view: GraphView, device: Device, options: PlanOptions): Plan {
  const resolved = resolveSources({ view, device, ...options });
  const scheduled = schedule(fuse(resolved));
  return bindBuffers(draftKernels(findInPlace(findEpilogues(scheduled))));
}

function bindBuffers({ view, device, drafts, bases, overwrites, inPlace, extra }: Drafted): Plan {
  const slots = new Map<number, Slot>();
  for (const [index, position] of view.leafPositions.entries()) slots.set(position, { kind: 'leaf', index });
  for (const [value, leaf] of inPlace) slots.set(value, slots.get(leaf) as Slot);
  const results: PlanBuffer[] = [];
  for (const [target, base] of bases.entries()) {
    if (slots.has(base) || overwrites[target] !== undefined) continue;
    slots.set(base, { kind: 'result', index: results.push(planBufferOf(view.nodes[base] as Node)) - 1 });
  }
  const prepared = drafts.map((draft) => prepare(draft, device, extra));
  const temporaries = assignTemporaries(
    prepared,
    (position) => (slots.has(position) ? undefined : (view.nodes[position]?.bytes ?? extra.bytesAt(position))),
    device.capabilities.bufferParts,
  );
  for (const [position, { buffer, offset, bytes }] of temporaries.placed)
    slots.set(position, { kind: 'temporary', index: buffer, offset, bytes });
  return {
    steps: prepared.flatMap(({ kernel, buffers }) =>
      kernel ? [{ kernel, slots: buffers.map((position) => slots.get(position) as Slot) }] : [],
    ),
    leaves: view.leaves.map(({ node }) => planBufferOf(node)),
    temporaries: temporaries.sizes,
    alive: temporaries.alive,
    results,
    targets: bases.map((base, target) => {
      const leaf = overwrites[target];
      return leaf === undefined ? (slots.get(base) as Slot) : { kind: 'leaf', index: leaf };
    }),
  };
}

/** What a plan knows of a value. */
export const planBufferOf = ({ bytes, dtype, shape }: Node): PlanBuffer => ({ bytes, dtype, shape });

/** A kernel that is ready, unless it has nothing to do, with what it works in as further values that it writes. */
function prepare(
  { spec, buffers, writes }: Draft,
  device: Device,
  extra: ExtraValues,
): Bound & { readonly kernel: PreparedKernel | undefined } {
  if (isIdle(spec)) return { kernel: undefined, buffers, writes };
  const kernel = device.prepare(spec);
  const scratch = (kernel.scratch ?? []).map((bytes) => extra.add(bytes));
  return {
    kernel,
    buffers: [...buffers, ...scratch],
    writes: [...writes, ...scratch.map((_, piece) => buffers.length + piece)],
  };
}
