/** From groups to kernels: each with the values it binds, before buffers are assigned. */
import { asRun } from '../device/as-run.ts';
import { dtypes } from '../dtype/dtype.ts';
import type { Node } from '../graph/node.ts';
import { collapse } from '../kernel/collapse.ts';
import { withEpilogue } from '../kernel/contraction/epilogue.ts';
import type { KernelSpec } from '../kernel/spec.ts';
import type { KernelOp } from '../graph/op.ts';
import type { Layout } from '../shape/layout.ts';
import { sizeOf } from '../shape/shape.ts';
import { emitGroup, type EmitOptions } from './emit.ts';
import { ExtraValues } from './extra-values.ts';
import type { Group } from './fuse.ts';
import { copiesOver } from './in-place.ts';
import type { Bound } from './memory.ts';
import { readsOf, type Source } from './sources.ts';
import type { Drafted, Overwriting } from './stages.ts';

/** A kernel with the positions of the values it binds, before buffers are assigned. */
export interface Draft extends Bound {
  readonly spec: KernelSpec;
}

/** Leaf position that a value overwrites while it is computed, by position of the value. */
export type InPlace = ReadonlyMap<number, number>;

/** The kernels of all groups, in the order of those, and then the copies that end the plan. */
export function draftKernels(lowering: Overwriting): Drafted {
  const { view, sources, epilogues, inPlace } = lowering;
  const extra = new ExtraValues(view);
  const stored = storedMembers(lowering);
  const outputs = askedOutputs(lowering);
  const kernels = (position: number): Draft[] => kernelDrafts(lowering, position, outputs, extra);
  const absorbed = new Set(epilogues.values());
  const drafts = lowering.order.flatMap((group): Draft[] => {
    const [first] = group.members as readonly [number];
    if (!group.loop) return absorbed.has(first) ? [] : kernels(first);
    const emit: EmitOptions = { stored: stored.get(group) ?? [], inPlace };
    const contraction = epilogues.get(group);
    const fused = contraction === undefined ? undefined : contractionDraft(lowering, group, contraction, emit);
    if (fused) return [fused];
    const plain = emitGroup(view, sources, group, emit);
    const loop = collapse({
      kind: 'loop',
      bindings: plain.bindings,
      outer: plain.outer,
      inner: plain.inner,
      body: plain.body,
      ...(plain.limits && { limits: plain.limits }),
    });
    const draft: Draft = { spec: loop, buffers: plain.buffers, writes: writtenBindings(loop) };
    return contraction === undefined ? [draft] : [...kernels(contraction), draft];
  });
  return { ...lowering, drafts: [...drafts, ...copiesOver(lowering)], extra };
}

/** Members of each group that somebody outside reads, or that are targets. */
function storedMembers({ sources, groups, bases }: Overwriting): Map<Group, number[]> {
  const groupOf = new Map(groups.flatMap((group) => group.members.map((member) => [member, group] as const)));
  const outside = new Set<number>(bases);
  for (const [position, role] of sources.roles.entries()) {
    if (role !== 'loop' && role !== 'kernel') continue;
    for (const { base } of readsOf(sources, position))
      if (groupOf.get(base) !== groupOf.get(position)) outside.add(base);
  }
  return new Map(groups.map((group) => [group, group.members.filter((member) => outside.has(member))]));
}

function contractionDraft(
  { view, device, sources }: Overwriting,
  group: Group,
  contraction: number,
  emit: EmitOptions,
): Draft | undefined {
  const node = view.nodes[contraction] as Node;
  const inputs = (view.inputs[contraction] as readonly number[]).map((input) => sources.sources[input] as Source);
  const describe = (node.op as KernelOp).contraction as NonNullable<KernelOp['contraction']>;
  const product = describe(
    node,
    inputs.map(({ layout }) => layout),
  );
  const isOperand = (leaf: number): boolean => inputs.some(({ base }) => base === leaf);
  const own = group.members.flatMap((member): [number, number][] => {
    const leaf = emit.inPlace.get(member);
    return leaf === undefined ? [] : [[member, leaf]];
  });
  const emitted = emitGroup(view, sources, group, {
    ...emit,
    accumulator: contraction,
    leading: product.bindings.slice(0, inputs.length),
    leadingBuffers: inputs.map(({ base }) => base),
    // The operands of the product are still being read when its elements are written.
    inPlace: new Map(own.filter(([, leaf]) => !isOperand(leaf))),
  });
  const inPlaceOperand = own.some(([, leaf]) => isOperand(leaf));
  const spec = withEpilogue(product, emitted.bindings, emitted.body);
  if (inPlaceOperand || emitted.bindings.length > device.capabilities.maxBindings || !device.accepts(spec))
    return undefined;
  return { spec, buffers: emitted.buffers, writes: writtenBindings(spec) };
}

/** Positions of the outputs of kernels with several that the graph holds: by kernel, then by the output's index. */
type AskedOutputs = ReadonlyMap<number, ReadonlyMap<number, number>>;

function askedOutputs({ view, sources: { roles } }: Overwriting): AskedOutputs {
  const found = new Map<number, Map<number, number>>();
  for (const [position, role] of roles.entries()) {
    if (role !== 'output') continue;
    const kernel = view.inputs[position]?.[0] as number;
    const outputs = found.get(kernel) ?? new Map<number, number>();
    found.set(kernel, outputs.set(view.nodes[position]?.attributes['index'] as number, position));
  }
  return found;
}

function kernelDrafts(
  { view, device, sources: { sources }, inPlace }: Overwriting,
  position: number,
  asked: AskedOutputs,
  extra: ExtraValues,
): Draft[] {
  const node = view.nodes[position] as Node;
  if (node.op.family !== 'kernel') return [];
  const plan = node.op.plan(node);
  const inputs = (view.inputs[position] as readonly number[]).map((input) => sources[input] as Source);
  // An output nobody asked for still needs somewhere to go.
  const placed = plan.outputs.map(({ shape, dtype }, index) =>
    plan.outputs.length === 1
      ? position
      : (asked.get(position)?.get(index) ?? extra.add(sizeOf(shape) * dtypes[dtype].bytes)),
  );
  return plan
    .steps(inputs.map(({ layout }): Layout => layout))
    .filter(({ copies }) => !(copies && inPlace.has(position)))
    .map(({ spec, operands }) => ({
      // What a device neither accepts nor can run as a loop, it refuses by itself.
      spec: asRun(spec, device) ?? spec,
      buffers: operands.map((operand) =>
        'input' in operand ? (inputs[operand.input] as Source).base : (placed[operand.output] as number),
      ),
      writes: writtenBindings(spec),
    }));
}

const writtenBindings = (spec: KernelSpec): number[] =>
  spec.bindings.flatMap(({ access }, binding) => (access === 'read' ? [] : [binding]));
