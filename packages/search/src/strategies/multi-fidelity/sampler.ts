/**
 * What gives new trials their configs in strategies that share out steps: another strategy, shown the study at one
 * step.
 */
import type { JsonObject, JsonValue } from '../../json.ts';
import { atStep } from '../../study/at-step.ts';
import { History, listsOf } from '../../study/history.ts';
import { isFinished, type TrialRecord } from '../../study/trial-record.ts';
import { memberOf } from '../member.ts';
import type { Decision, Strategy, StrategyInput } from '../strategy.ts';
import { groupsOf, stepOf } from './groups.ts';

/** A strategy that another one asks for configs: the name and options of a built-in one that asks no other. */
export type SamplerOption = { readonly name: string; readonly options?: JsonObject };

function strategyOf({ name, options }: SamplerOption): Strategy {
  return memberOf(name, options);
}

/** Complains of a sampler that there is not, or that has other options. */
export function checkSampler(sampler: JsonValue): string | undefined {
  try {
    strategyOf(sampler as unknown as SamplerOption);
    return undefined;
  } catch (error) {
    return `sampler: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** Of some steps the largest at which `enough` trials have told; the smallest when none has so many. */
export function modelStep(history: History, steps: readonly number[], enough: number): number {
  const groups = [...groupsOf(history, stepOf)];
  const told = (step: number): number =>
    groups.reduce((count, [own, group]) => {
      return own < step ? count : count + group.filter((trial) => atStep(trial, step, history.criteria)).length;
    }, 0);
  return steps.findLast((step) => told(step) >= enough) ?? steps[0] ?? 1;
}

/**
 * The study as if all trials ended after that many steps: those that came so far are complete, with the metrics they
 * had there, in the order in which they came.
 */
export function historyAt({ history }: StrategyInput, step: number): History {
  const { criteria, revision, tried } = history;
  const trials = history.trials.map((trial) => atStep(trial, step, criteria) ?? trial);
  const came = ({ reports, revision: ended }: TrialRecord): number =>
    reports.find((report) => report.step >= step)?.revision ?? ended;
  const finished = trials.filter(isFinished).toSorted((a, b) => came(a) - came(b));
  const lists = listsOf(trials, { finished, ranked: undefined });
  return new History({ revision, criteria, tried, lists: () => lists });
}

/**
 * What a sampler suggests, knowing the trials by the largest of the steps that enough of them have come to: one more
 * than the space has parameters.
 */
export function sampleWith(sampler: SamplerOption, input: StrategyInput, steps: readonly number[]): Decision {
  const strategy = strategyOf(sampler);
  if (sampler.name === 'random') return strategy.decide(input);
  const step = modelStep(input.history, steps, input.space.parameters().size + 1);
  return strategy.decide({ ...input, history: historyAt(input, step) });
}
