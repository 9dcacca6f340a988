/**
 * A plan: the kernels that compute some targets, in order, on numbered buffers. Plans hold no data and no nodes, so one
 * plan serves every graph of the same structure.
 */
import type { Device, PreparedKernel } from '../device/device.ts';
import { dtypes, type DType } from '../dtype/dtype.ts';
import type { Node } from '../graph/node.ts';
import type { KernelSpec } from '../kernel/spec.ts';
import { matmulSpec } from '../ops/kernels/matmul.ts';
import { isContiguous, type Layout } from '../shape/layout.ts';
import { sameShape, sizeOf } from '../shape/shape.ts';
import { collapse } from './collapse.ts';
import { emitGroup, type EmitOptions } from './emit.ts';
import { fuse, type Group } from './fuse.ts';
import type { GraphView } from './graph-view.ts';
import { assignTemporaries } from './memory.ts';
import { schedule } from './schedule.ts';
import { readsOf, resolveSources, type Source, type Sources } from './sources.ts';

/** What a kernel binds: a value from outside, a result, or memory that lives only during the run. */
export type Slot =
  | { readonly kind: 'leaf'; readonly index: number }
  | { readonly kind: 'result'; readonly index: number }
  | { readonly kind: 'temporary'; readonly index: number };

/** One kernel of a plan. */
export interface PlanStep {
  readonly kernel: PreparedKernel;
  readonly slots: readonly Slot[];
}

/** A buffer the plan makes. */
export interface PlanBuffer {
  readonly bytes: number;
}

/** The compiled form of a graph. */
export interface Plan {
  readonly steps: readonly PlanStep[];
  /** Bytes of each temporary buffer; values with disjoint lifetimes share one. */
  readonly temporaries: readonly number[];
  /** Buffers that outlive the run; several targets may look at one. */
  readonly results: readonly PlanBuffer[];
  /** Where each target is found. A target that is a leaf was not computed at all. */
  readonly targets: readonly Slot[];
}

/** How a graph is to be compiled. */
export interface PlanOptions {
  /** Targets that are views may share memory with what they view. */
  readonly aliasTargets: boolean;
  /** `overwrites[t]`: the leaf (by index in `view.leaves`) whose buffer target t should end up in, if any. */
  readonly overwrites: readonly (number | undefined)[];
}

/** A kernel with the positions of the values it binds, before buffers are assigned. */
export interface Draft {
  readonly spec: KernelSpec;
  readonly buffers: readonly number[];
  /** The bindings that are written. */
  readonly writes: readonly number[];
  /** Bytes of outputs that no node of the graph stands for. */
  readonly unasked?: ReadonlyMap<number, number>;
}

const align = (bytes: number): number => Math.ceil(Math.max(bytes, 1) / 16) * 16;

/** Compiles a graph for a device. */
export function makePlan(view: GraphView, device: Device, options: PlanOptions): Plan {
  const sources = resolveSources(view, options.aliasTargets);
  const groups = schedule(view, sources, fuse(view, sources, device.capabilities.maxBindings));
  const targetBases = view.targets.map((target) => (sources.sources[target] as Source).base);
  const targets = new Set(targetBases);
  const epilogues: Epilogues = device.capabilities.epilogues ? findEpilogues(view, sources, groups, targets) : new Map();
  const overwriting = inPlaceTargets(view, sources, groups, epilogues, targetBases, options.overwrites);
  const drafts = draftKernels(view, device, sources, groups, epilogues, targets, overwriting);
  appendCopies(view, drafts, targetBases, options.overwrites, overwriting);
  return bindBuffers(view, device, drafts, targetBases, options.overwrites, overwriting);
}

/** Leaf position that a value overwrites while it is computed, by position of the value. */
type InPlace = ReadonlyMap<number, number>;

/** Matrix products computed inside the kernel of the group that finishes them. */
type Epilogues = ReadonlyMap<Group, number>;

/**
 * Which targets may be written straight over the leaf they replace: element for element in the last kernel that reads
 * the leaf, which reads it nowhere but at the element it writes.
 */
function inPlaceTargets(view: GraphView, sources: Sources, groups: readonly Group[], epilogues: Epilogues, bases: readonly number[], overwrites: PlanOptions['overwrites']): InPlace {
  // A product absorbed by an epilogue reads its operands when the epilogue runs.
  const runsAt = groups.map((group, place) => Math.max(place, ...[...epilogues].flatMap(([user, product]) => (group.members[0] === product ? [groups.indexOf(user)] : []))));
  const result = new Map<number, number>();
  for (const [target, leafIndex] of overwrites.entries()) {
    if (leafIndex === undefined) continue;
    const base = bases[target] as number;
    const leaf = view.leafPositions[leafIndex] as number;
    const place = groups.findIndex((group) => group.members.includes(base));
    const group = groups[place];
    if (!group?.loop || group.loop.axes.length > 0 || bases.indexOf(base) !== bases.lastIndexOf(base)) continue;
    const readers = groups.flatMap((other, position) => (other.members.some((member) => readsOf(view, sources, member).some((source) => source.base === leaf)) ? [runsAt[position] as number] : []));
    const rank = group.loop.space.length;
    const elementwise = group.members.every((member) =>
      readsOf(view, sources, member).every((source, argument) => {
        const gathers = view.nodes[member]?.op.family === 'indexed' && argument === 0;
        return source.base !== leaf || (!gathers && isContiguous(source.layout) && source.layout.shape.length === rank);
      }),
    );
    // Another target that is this very leaf would see the new value.
    if (elementwise && readers.every((reader) => reader <= place) && !bases.includes(leaf)) result.set(base, leaf);
  }
  return result;
}

function draftKernels(view: GraphView, device: Device, sources: Sources, groups: readonly Group[], epilogues: Epilogues, targets: ReadonlySet<number>, inPlace: InPlace): Draft[] {
  const stored = storedMembers(view, sources, groups, targets);
  const absorbed = new Set(epilogues.values());
  return groups.flatMap((group): Draft[] => {
    const [first] = group.members as readonly [number];
    if (!group.loop) return absorbed.has(first) ? [] : kernelDrafts(view, device, sources, first);
    const emit: EmitOptions = { stored: stored.get(group) ?? [], inPlace };
    const contraction = epilogues.get(group);
    const fused = contraction === undefined ? undefined : contractionDraft(view, device, sources, group, contraction, emit);
    if (fused) return [fused];
    const plain = emitGroup(view, sources, group, emit);
    const loop = collapse({ kind: 'loop', bindings: plain.bindings, outer: plain.outer, inner: plain.inner, body: plain.body });
    const draft: Draft = { spec: loop, buffers: plain.buffers, writes: writtenBindings(loop) };
    return contraction === undefined ? [draft] : [...kernelDrafts(view, device, sources, contraction), draft];
  });
}

/** Members of each group that somebody outside reads, or that are targets. */
function storedMembers(view: GraphView, sources: Sources, groups: readonly Group[], targets: ReadonlySet<number>): Map<Group, number[]> {
  const groupOf = new Map(groups.flatMap((group) => group.members.map((member) => [member, group] as const)));
  const outside = new Set<number>(targets);
  for (const [position, role] of sources.roles.entries()) {
    if (role !== 'loop' && role !== 'kernel') continue;
    for (const { base } of readsOf(view, sources, position)) if (groupOf.get(base) !== groupOf.get(position)) outside.add(base);
  }
  return new Map(groups.map((group) => [group, group.members.filter((member) => outside.has(member))]));
}

/** Map groups that read a matrix product, which nobody else needs, element for element. */
function findEpilogues(view: GraphView, sources: Sources, groups: readonly Group[], targets: ReadonlySet<number>): Map<Group, number> {
  const readers = new Map<number, Set<Group>>();
  const reads = (member: number): readonly Source[] => readsOf(view, sources, member);
  for (const group of groups)
    for (const member of group.members) for (const { base } of reads(member)) readers.set(base, (readers.get(base) ?? new Set()).add(group));
  const found = new Map<Group, number>();
  for (const [base, users] of readers) {
    const node = view.nodes[base] as Node;
    const [group] = users;
    if (node.op.name !== 'matmul' || node.storage || users.size !== 1 || targets.has(base) || !group?.loop || group.loop.axes.length > 0 || found.has(group)) continue;
    const sees = group.members.flatMap(reads).filter((source) => source.base === base);
    const sameElements = sees.every(({ layout }) => isContiguous(layout) && sameShape(layout.shape, node.shape));
    const gathered = group.members.some((member) => view.nodes[member]?.op.family === 'indexed' && !sources.copies.has(member));
    if (sameElements && !gathered && sameShape(group.loop.space, node.shape)) found.set(group, base);
  }
  return found;
}

function contractionDraft(view: GraphView, device: Device, sources: Sources, group: Group, contraction: number, emit: EmitOptions): Draft | undefined {
  const node = view.nodes[contraction] as Node;
  const inputs = (view.inputs[contraction] as readonly number[]).map((input) => sources.sources[input] as Source) as [Source, Source];
  const { out: _, ...product } = matmulSpec(node, inputs[0].layout, inputs[1].layout);
  const emitted = emitGroup(view, sources, group, {
    ...emit,
    accumulator: contraction,
    leading: product.bindings.slice(0, 2),
    leadingBuffers: inputs.map(({ base }) => base),
    // The operands of the product are still being read when its elements are written.
    inPlace: new Map([...emit.inPlace].filter(([, leaf]) => inputs.every(({ base }) => base !== leaf))),
  });
  const inPlaceOperand = [...emit.inPlace].some(([value, leaf]) => group.members.includes(value) && inputs.some(({ base }) => base === leaf));
  const spec: KernelSpec = { ...product, bindings: emitted.bindings, epilogue: emitted.body };
  if (inPlaceOperand || emitted.bindings.length > device.capabilities.maxBindings || !device.accepts(spec)) return undefined;
  return { spec, buffers: emitted.buffers, writes: writtenBindings(spec) };
}

function kernelDrafts(view: GraphView, device: Device, { sources, roles }: Sources, position: number): Draft[] {
  const node = view.nodes[position] as Node;
  if (node.op.family !== 'kernel') return [];
  const plan = node.op.plan(node);
  const inputs = (view.inputs[position] as readonly number[]).map((input) => sources[input] as Source);
  const outputs = plan.outputs.map((_, index) =>
    plan.outputs.length === 1 ? position : roles.findIndex((role, other) => role === 'output' && view.inputs[other]?.[0] === position && view.nodes[other]?.attributes['index'] === index),
  );
  // An output nobody asked for still needs somewhere to go: it gets a negative position of its own.
  const spare = (index: number): number => -1 - (position * plan.outputs.length + index);
  const placed = outputs.map((output, index) => (output >= 0 ? output : spare(index)));
  const unasked = new Map(plan.outputs.map(({ shape, dtype }, index) => [spare(index), sizeOf(shape) * dtypes[dtype].bytes]));
  return plan
    .steps(inputs.map(({ layout }): Layout => layout), device)
    .map(({ spec, operands }) => ({
      spec: spec.kind === 'loop' ? collapse(spec) : spec,
      buffers: operands.map((operand) => ('input' in operand ? (inputs[operand.input] as Source).base : (placed[operand.output] as number))),
      writes: writtenBindings(spec),
      unasked,
    }));
}

const writtenBindings = (spec: KernelSpec): number[] => spec.bindings.flatMap(({ access }, binding) => (access === 'read' ? [] : [binding]));

/** Targets that could not be computed in place are copied over their leaf when everything else is done. */
function appendCopies(view: GraphView, drafts: Draft[], bases: readonly number[], overwrites: PlanOptions['overwrites'], inPlace: InPlace): void {
  for (const [target, leafIndex] of overwrites.entries()) {
    const base = bases[target] as number;
    if (leafIndex === undefined || inPlace.has(base)) continue;
    const leaf = view.leafPositions[leafIndex] as number;
    if (leaf === base) continue;
    const { dtype, shape } = view.nodes[base] as Node;
    drafts.push({ spec: copySpec(dtype, sizeOf(shape)), buffers: [base, leaf], writes: [1] });
  }
}

function copySpec(dtype: DType, size: number): KernelSpec {
  const { compute } = dtypes[dtype];
  return {
    kind: 'loop',
    bindings: [
      { dtype, access: 'read' },
      { dtype, access: 'write' },
    ],
    outer: [size],
    inner: [],
    body: [
      { kind: 'load', access: { binding: 0, offset: 0, strides: [1] }, dtype: compute },
      { kind: 'store', access: { binding: 1, offset: 0, strides: [1] }, arg: 0, each: 'row' },
    ],
  };
}

function bindBuffers(view: GraphView, device: Device, drafts: readonly Draft[], bases: readonly number[], overwrites: PlanOptions['overwrites'], inPlace: InPlace): Plan {
  const slots = new Map<number, Slot>();
  for (const [index, position] of view.leafPositions.entries()) slots.set(position, { kind: 'leaf', index });
  for (const [value, leaf] of inPlace) slots.set(value, slots.get(leaf) as Slot);
  const results: PlanBuffer[] = [];
  for (const [target, base] of bases.entries()) {
    if (slots.has(base) || overwrites[target] !== undefined) continue;
    slots.set(base, { kind: 'result', index: results.push({ bytes: (view.nodes[base] as Node).bytes }) - 1 });
  }
  const temporaries = assignTemporaries(drafts, (position) => (slots.has(position) ? undefined : align(bytesOf(view, drafts, position))));
  for (const [position, index] of temporaries.placed) slots.set(position, { kind: 'temporary', index });
  return {
    steps: drafts
      .filter(({ spec }) => !isIdle(spec))
      .map(({ spec, buffers }) => ({ kernel: device.prepare(spec), slots: buffers.map((position) => slots.get(position) as Slot) })),
    temporaries: temporaries.sizes,
    results,
    targets: bases.map((base, target) => {
      const leaf = overwrites[target];
      return leaf === undefined ? (slots.get(base) as Slot) : { kind: 'leaf', index: leaf };
    }),
  };
}

/** Kernels over nothing need not run. */
function isIdle(spec: KernelSpec): boolean {
  return spec.kind === 'loop' ? spec.outer.includes(0) : spec.kind === 'matmul' && sizeOf([...spec.batch, spec.m, spec.n]) === 0;
}

function bytesOf(view: GraphView, drafts: readonly Draft[], position: number): number {
  return view.nodes[position]?.bytes ?? drafts.find(({ unasked }) => unasked?.has(position))?.unasked?.get(position) ?? 0;
}
