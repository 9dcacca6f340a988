/**
 * Row kernels that walk their points more than once, as a softmax does, would compute what both walks need twice. Here
 * the dear ones of those values are kept: the walk that computes them first writes them to scratch memory, one row of
 * it, and later walks read them there.
 */
import { dtypes } from '../../../dtype/dtype.ts';
import { levels, operands, phases, readiness } from '../../../kernel/phases.ts';
import type { Access, Binding, LoopInstruction, LoopSpec } from '../../../kernel/spec.ts';
import { scalarInstructions } from '../../../scalar/instructions.ts';
import { sizeOf } from '../../../shape/shape.ts';
import { arrange } from './nest.ts';

/** A loop spec whose last binding is scratch memory. */
export interface KeepingSpec {
  readonly spec: LoopSpec;
  readonly scratchBytes: number;
  /** What writes to scratch memory before the first row of a run: maps of the same bindings. */
  readonly before: readonly LoopSpec[];
}

/** Costs, relative to an addition, from which on writing and reading a value is cheaper than computing it again. */
const worthKeeping = 6;
/** What it costs to widen a number of 16 bits. */
const costOfWidening = 7;
/** From so many rows on, widening what they share once is worth a loop of its own. */
const manyRows = 16;
/** Rows beyond this would leave the second-level cache. */
const mostBytes = 2 ** 18;

/** Whether a step reads numbers of 16 bits. */
function isHalf({ bindings }: LoopSpec, step: LoopInstruction): boolean {
  return step.kind === 'load' && dtypes[(bindings[step.access.binding] as Binding).dtype].bytes === 2;
}

/** The cost of a point value and of all that it is computed from within a walk, where what is `near` is read as f32. */
function costOf(
  spec: LoopSpec,
  isPoint: (position: number) => boolean,
  value: number,
  near: ReadonlySet<number> = new Set(),
): number {
  const seen = new Set<number>();
  const visit = (position: number): number => {
    const step = spec.body[position];
    if (step === undefined || !isPoint(position) || seen.has(position)) return 0;
    seen.add(position);
    const isWidened = isHalf(spec, step) && !near.has(position);
    const own = step.kind === 'scalar' ? scalarInstructions[step.op].cost : isWidened ? costOfWidening : 1;
    return operands(step).reduce((sum, operand) => sum + visit(operand), own);
  };
  return visit(value);
}

/** The point values that a walk computes, a later one needs, and that are worth keeping. */
function keptValues(spec: LoopSpec): ReadonlySet<number> {
  const { body } = spec;
  const { walks } = phases(spec);
  if (walks.length < 2) return new Set();
  const ready = readiness(body);
  const level = levels(spec);
  const isPoint = (position: number): boolean => level[position] === 'point';
  const neededLater = new Set<number>();
  for (const [position, step] of body.entries()) {
    if (!isPoint(position)) continue;
    for (const operand of operands(step)) {
      if ((ready[position] ?? 0) > (ready[operand] ?? 0)) neededLater.add(operand);
    }
  }
  const isKept = (value: number, near?: ReadonlySet<number>): boolean => {
    const step = body[value];
    if ((step?.kind !== 'scalar' && step?.kind !== 'load') || !isPoint(value)) return false;
    if (step.dtype !== 'f32' && step.dtype !== 'f64') return false;
    const isOwn = walks[ready[value] ?? 0]?.points.includes(value) === true;
    return isOwn && costOf(spec, isPoint, value, near) >= worthKeeping;
  };
  // What was widened comes first: some of what is computed from it is then cheap.
  const widened = [...neededLater].filter((value) => body[value]?.kind === 'load' && isKept(value));
  const near = new Set(widened);
  const kept = [...neededLater].filter((value) => near.has(value) || isKept(value, near));
  return new Set(kept);
}

/** Numbers of 16 bits that are the same for all of many rows, such as the weights of a norm: they are widened once. */
function sharedValues(spec: LoopSpec): ReadonlySet<number> {
  const { outer, body } = spec;
  if (sizeOf(outer) < manyRows) return new Set();
  const isShared = (step: LoopInstruction): boolean => {
    if (step.kind !== 'load' || step.dtype !== 'f32' || !isHalf(spec, step)) return false;
    const { strides } = step.access;
    return (
      strides.every((stride, dim) => dim >= outer.length || stride === 0) && strides.some((stride) => stride !== 0)
    );
  };
  return new Set([...body.keys()].filter((position) => isShared(body[position] as LoopInstruction)));
}

/** `spec`, or the same with scratch memory for what it would compute more than once. */
export function keepValues(spec: LoopSpec): KeepingSpec {
  const unchanged = { spec, scratchBytes: 0, before: [] };
  const shared = sharedValues(spec);
  const kept = new Set([...keptValues(spec)].filter((value) => !shared.has(value)));
  const points = sizeOf(spec.inner);
  // One binding has one dtype, and doubles hold floats.
  const values = [...kept].map((value) => (spec.body[value] as { dtype: 'f32' | 'f64' }).dtype);
  const dtype = values.includes('f64') ? 'f64' : 'f32';
  const scratchBytes = (kept.size + shared.size) * points * dtypes[dtype].bytes;
  // Lanes over rows hold several rows at once.
  if (scratchBytes === 0 || scratchBytes > mostBytes || arrange(spec).mode === 'rows') return unchanged;
  const ready = readiness(spec.body);
  const strides = spec.inner.map((_, dim) => spec.inner.slice(dim + 1).reduce((product, size) => product * size, 1));
  const body: LoopInstruction[] = [];
  const moved = new Map<number, number>();
  const read = new Map<number, number>();
  const before: LoopSpec[] = [];
  let places = 0;
  const nextPlace = (): Access => ({
    binding: spec.bindings.length,
    offset: places++ * points,
    strides: [...spec.outer.map(() => 0), ...strides],
  });
  const bindings: readonly Binding[] = [...spec.bindings, { dtype, access: 'readwrite' }];
  for (const [position, step] of spec.body.entries()) {
    const now = (operand: number): number => {
      // A reduction takes its values in the walk that ends with it.
      const walk = (ready[position] ?? 0) - (step.kind === 'reduce' ? 1 : 0);
      const later = walk > (ready[operand] ?? 0);
      return (later ? read.get(operand) : undefined) ?? moved.get(operand) ?? operand;
    };
    moved.set(position, body.length);
    if (step.kind === 'load' && shared.has(position)) {
      const access = nextPlace();
      before.push(copyOfRow(spec, bindings, step.access, access));
      body.push({ ...step, access });
      continue;
    }
    body.push(withOperands(step, now));
    if (!kept.has(position)) continue;
    const access = nextPlace();
    body.push({ kind: 'store', access, arg: body.length - 1, each: 'point' });
    read.set(position, body.length);
    body.push({ kind: 'load', access, dtype: (step as { dtype: 'f32' | 'f64' }).dtype });
  }
  const keeping: LoopSpec = { ...spec, bindings, body };
  return arrange(keeping).mode === 'rows' ? unchanged : { spec: keeping, scratchBytes, before };
}

/** Copies the points of a row that is the same for all. */
function copyOfRow({ outer, inner }: LoopSpec, bindings: readonly Binding[], from: Access, to: Access): LoopSpec {
  const ofRow = (access: Access): Access => ({ ...access, strides: access.strides.slice(outer.length) });
  return {
    kind: 'loop',
    bindings,
    outer: inner,
    inner: [],
    body: [
      { kind: 'load', access: ofRow(from), dtype: 'f32' },
      { kind: 'store', access: ofRow(to), arg: 0, each: 'row' },
    ],
  };
}

/** A step that reads other positions. */
function withOperands(step: LoopInstruction, now: (operand: number) => number): LoopInstruction {
  if (step.kind === 'scalar') return { ...step, args: step.args.map(now) };
  if (step.kind === 'gather') return { ...step, index: now(step.index) };
  if (step.kind !== 'store') return step.kind === 'reduce' ? { ...step, arg: now(step.arg) } : step;
  const { displaced } = step;
  return {
    ...step,
    arg: now(step.arg),
    ...(displaced && { displaced: { ...displaced, index: now(displaced.index) } }),
  };
}
