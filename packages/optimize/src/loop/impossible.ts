/** Goals that nothing can meet, found before any work is done. */
import type { Module } from '@espalier/nn';
import { dtypes } from '@espalier/tensor';
import type { Cost } from '../cost/cost.ts';
import { GoalError } from '../errors.ts';
import { linearBound, type Goal, type GoalVerdict } from '../goal/verdict.ts';
import { printGoal } from '../goal/text.ts';
import { showBytes, showCount } from '../report/format.ts';

/** What is known of a model before anything is tried. */
export interface Given {
  readonly model: Module;
  readonly cost: Cost;
  /** Of the goals, by the model as given. */
  readonly verdicts: readonly GoalVerdict[];
  /** Whether anything that may be tried changes the architecture. */
  readonly changesArchitecture: boolean;
}

/** The least that a metric can be, or the most, and why. */
interface Limit {
  readonly value: number;
  readonly why: string;
}

type Rule = (given: Given) => Limit | undefined;

/** Biases, the weights of norms, and what norms have counted: nothing makes them smaller. */
function untouched(model: Module): number {
  const vectors = model.parameters().filter(({ shape }) => shape.length < 2);
  const sizes = [...vectors, ...model.buffers()].map(({ size, dtype }) => size * dtypes[dtype].bytes);
  return sizes.reduce((sum, bytes) => sum + bytes, 0);
}

const unlessSmaller =
  (rule: (given: Given) => Limit): Rule =>
  (given) =>
    given.changesArchitecture ? undefined : rule(given);

const limits: Readonly<Record<string, Rule>> = {
  accuracy: () => ({ value: 1, why: 'no share is above 100 %' }),
  agreement: () => ({ value: 1, why: 'no share is above 100 %' }),
  'macro-f1': () => ({ value: 1, why: 'no share is above 100 %' }),
  r2: () => ({ value: 1, why: 'there is no more to explain' }),
  perplexity: () => ({ value: 1, why: 'it is 1 for what is always right' }),
  rmse: () => ({ value: 0, why: 'no error is below 0' }),
  mae: () => ({ value: 0, why: 'no error is below 0' }),
  latency: () => ({ value: Number.MIN_VALUE, why: 'nothing takes no time' }),
  bytes: ({ model, changesArchitecture }) => {
    if (changesArchitecture) return { value: 1, why: 'no file is empty' };
    const bytes = untouched(model);
    return { value: bytes, why: `its biases, norms and buffers alone take ${showBytes(bytes)}, and stay as they are` };
  },
  parameters: unlessSmaller(({ cost: { parameters } }) => ({
    value: parameters,
    why: `it has ${showCount(parameters)}, zeros among them, and nothing that is tried gives it another architecture`,
  })),
  macs: unlessSmaller(({ cost: { macs } }) => ({
    value: macs,
    why: `it has ${showCount(macs)}, zeros among them, and nothing that is tried gives it another architecture`,
  })),
};

/** @throws {GoalError} for the first goal that is known to be out of reach, with the reason. */
export function refuseImpossible(goals: readonly Goal[], given: Given): void {
  for (const [index, { clause, metric }] of goals.entries()) {
    const limit = limits[metric.type]?.(given);
    const base = given.verdicts[index]?.base ?? NaN;
    const { factor, offset } = linearBound(clause.bound, metric.quantity);
    const bound = factor === 0 ? offset : factor * base + offset;
    if (!limit || Number.isNaN(bound)) continue;
    const isOut = metric.direction === 'maximize' ? bound > limit.value : bound < limit.value;
    if (!isOut) continue;
    const asks = factor === 0 ? '' : `, which asks for ${Number(bound.toPrecision(6))}`;
    throw new GoalError(metric.type, `${printGoal(clause)}${asks}, is out of reach: ${limit.why}`);
  }
}
