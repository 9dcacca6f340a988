/** Whether a kernel is worth more than one thread, and how its range is cut. */
import type { AttentionShape } from '../../../kernel/attention-spec.ts';
import { contractionOf } from '../../../kernel/contraction/contraction.ts';
import type { Access, ContractionSpec, KernelSpec, LoopInstruction, LoopSpec } from '../../../kernel/spec.ts';
import type { ScalarOp } from '../../../scalar/instructions.ts';
import { sizeOf } from '../../../shape/shape.ts';
import { slots, type Program, type Step } from '../program/program.ts';
import { isForThreads } from './describe.ts';

/** Nanoseconds of one thread: rough figures, which only say whether a kernel takes longer than threads take to meet. */
const perMultiplyAccumulate = 0.04;
const perVectorStep = 0.03;
const perScatteredAccess = 0.2;
const perGather = 0.4;
const perScan = 0.1;
const perDearStep = 0.8;
const perSorted = 8;

const dear: ReadonlySet<ScalarOp> = new Set(['exp', 'log', 'sin', 'cos', 'tanh', 'atan', 'erf', 'pow', 'rem']);

/** Microseconds of work from which on threads are asked: several times what it takes to wake one. */
export const leastWork = 15;

/** Pieces of a range for each thread: so that one that is late, or held up, leaves its share to others. */
const piecesEach = 4;

/** Neighbours along a dimension from so many on are moved as vectors. */
const vectorLong = 8;

/** Whether elements lie side by side along a long dimension, or are the same all along it. */
const isInVectors = ({ strides }: Access, sizes: readonly number[]): boolean =>
  strides.every((stride) => stride === 0) ||
  strides.some((stride, dim) => Math.abs(stride) === 1 && (sizes[dim] as number) >= vectorLong);

function ofStep(step: LoopInstruction, sizes: readonly number[]): number {
  if (step.kind === 'constant') return 0;
  if (step.kind === 'gather') return perGather;
  if (step.kind === 'load' || step.kind === 'store')
    return isInVectors(step.access, sizes) ? perVectorStep : perScatteredAccess;
  return step.kind === 'scalar' && dear.has(step.op) ? perDearStep : perVectorStep;
}

function ofLoop({ outer, inner, body }: LoopSpec): number {
  const sizes = [...outer, ...inner];
  return sizeOf(sizes) * body.reduce((sum, step) => sum + ofStep(step, sizes), 0);
}

const ofContraction = (spec: ContractionSpec): number =>
  contractionOf(spec).multiplyAccumulates * perMultiplyAccumulate;

/** A score takes its products, of which gradients have more, and a dear step. */
const ofAttention =
  (ofSize: number, ofValueSize: number) =>
  ({ batch, queries, keys, size, valueSize, causal }: AttentionShape): number => {
    const each = (ofSize * size + ofValueSize * valueSize) * perMultiplyAccumulate + perDearStep;
    return sizeOf(batch) * queries * keys * each * (causal ? 0.5 : 1);
  };

/** Nanoseconds of one thread by the kind of kernel; 0 where they are not known, of those that JavaScript computes. */
const rules: {
  readonly [Kind in KernelSpec['kind']]: (spec: Extract<KernelSpec, { kind: Kind }>) => number;
} = {
  loop: ofLoop,
  matmul: ofContraction,
  'encoded-matmul': ofContraction,
  conv2d: ofContraction,
  attention: ofAttention(1, 1),
  'attention-gradient': ofAttention(3, 2),
  scan: ({ outer, length, inner }) => outer * length * inner * perScan,
  sort: ({ rows, length }) => rows * length * perSorted,
  'scatter-add': ({ outer, count, inner }) => outer * count * inner * perScan,
  custom: () => 0,
};

/** What one thread takes for a kernel, in microseconds. */
export function workOf(spec: KernelSpec): number {
  const rule = rules[spec.kind] as (spec: KernelSpec) => number;
  return rule(spec) / 1000;
}

/** Whether a step does something for several units at once, whichever of them are run: it is told no part of the range. */
const isShared = ({ units, calls }: Step): boolean =>
  units > 1 && !calls.some((call) => call.arguments.some(({ slot }) => slot === slots.begin || slot === slots.end));

/**
 * How many units a thread takes at a time; 0 where the kernel is best run by one thread. What is done once for several units,
 * such as packing an operand, every thread does for its own: those are cut into as few pieces as there are threads.
 */
export function chunkOf(spec: KernelSpec, program: Program, threads: number, least: number = leastWork): number {
  if (threads < 2 || program.range < 2 || workOf(spec) < least || !isForThreads(program)) return 0;
  return Math.ceil(program.range / (program.steps.some(isShared) ? threads : threads * piecesEach));
}
