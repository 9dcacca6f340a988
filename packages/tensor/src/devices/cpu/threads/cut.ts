/** Whether a kernel is worth more than one thread, and how its range is cut. */
import { contractionOf, isContraction } from '../../../kernel/contraction/contraction.ts';
import type { KernelSpec, LoopInstruction, LoopSpec, ScatterAddSpec, SortSpec } from '../../../kernel/spec.ts';
import type { ScalarOp } from '../../../scalar/instructions.ts';
import { slots, type Program, type Step } from '../program/program.ts';
import { isForThreads } from './describe.ts';

/** Nanoseconds of one thread: rough figures, which only say whether a kernel takes longer than threads take to meet. */
const perMultiplyAccumulate = 0.04;
const perStep = 0.1;
const perDearStep = 0.8;
const perSorted = 8;

const dear: ReadonlySet<ScalarOp> = new Set(['exp', 'log', 'sin', 'cos', 'tanh', 'atan', 'erf', 'pow', 'rem']);

/** Microseconds of work from which on threads are asked: several times what it takes to wake one. */
export const leastWork = 40;

/** Pieces of a range for each thread: so that one that is late, or held up, leaves its share to others. */
const piecesEach = 4;

const product = (sizes: readonly number[]): number => sizes.reduce((all, size) => all * size, 1);

function ofStep(step: LoopInstruction): number {
  if (step.kind === 'constant') return 0;
  if (step.kind === 'gather') return 4 * perStep;
  return step.kind === 'scalar' && dear.has(step.op) ? perDearStep : perStep;
}

const ofLoop = ({ outer, inner, body }: LoopSpec): number =>
  product(outer) * product(inner) * body.reduce((sum, step) => sum + ofStep(step), 0);

const ofSort = ({ rows, length }: SortSpec): number => rows * length * perSorted;

const ofScatter = ({ outer, count, inner }: ScatterAddSpec): number => outer * count * inner * perStep;

/** What one thread takes for a kernel, in microseconds; 0 where it is not known, of kernels of users and of JavaScript. */
export function workOf(spec: KernelSpec): number {
  const nanoseconds = isContraction(spec)
    ? contractionOf(spec).multiplyAccumulates * perMultiplyAccumulate
    : spec.kind === 'loop'
      ? ofLoop(spec)
      : spec.kind === 'sort'
        ? ofSort(spec)
        : spec.kind === 'scatter-add'
          ? ofScatter(spec)
          : 0;
  return nanoseconds / 1000;
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
