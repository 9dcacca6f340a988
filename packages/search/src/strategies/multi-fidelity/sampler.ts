import type { JsonObject, JsonValue } from '../../json.ts';
import { atStep } from '../../study/at-step.ts';
import { History, listsOf } from '../../study/history.ts';
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

/** Of some steps the largest that `enough` trials have come to; the smallest when none has so many. */
export function modelStep(history: History, steps: readonly number[], enough: number): number {
  const groups = groupsOf(history, stepOf);
  const counts = steps.map((step) => {
    let count = 0;
    for (const [own, group] of groups) if (own >= step) count += group.length;
    return count;
  });
  const index = counts.findLastIndex((count) => count >= enough);
  return steps[Math.max(0, index)] ?? 1;
}

/**
 * The study as if all trials ended after that many steps: those that came so far are complete, with the metrics they
 * had there.
 */
export function historyAt({ history }: StrategyInput, step: number): History {
  const { criteria, revision, tried } = history;
  const trials = history.trials.map((trial) => atStep(trial, step, criteria) ?? trial);
  const finished = trials.filter(({ state }) => state === 'complete' || state === 'pruned' || state === 'failed');
  const inOrder = finished.toSorted((a, b) => a.revision - b.revision);
  const lists = listsOf(trials, { finished: inOrder, ranked: undefined });
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
