/** Hill climbing with restarts, in a neighbourhood without chance. */
import { wholeFromOne, partsOfRange } from '../limits.ts';
import { neighbours, type Neighbour } from '../space/neighbours.ts';
import { isBetter } from '../study/ranking.ts';
import { isFinished, type TrialRecord } from '../study/trial-record.ts';
import { freshSample } from './fresh.ts';
import { defineStrategy, type Decision, type StrategyFactory, type StrategyInput } from './strategy.ts';

/** The options of {@link greedy}. */
export interface GreedyOptions {
  /** How many random configs each climb picks its start from. Default 10. */
  readonly initial: number;
  /**
   * The moves of numbers, as parts of their range, largest first. A climb goes on to the next when no move of the
   * present one is better. Stride 0 is a single step on a grid, and no move of a continuous number.
   */
  readonly strides: readonly number[];
}

/** How a climb came to a trial, as its origin records it. */
interface Step {
  readonly climb: number;
  readonly level: number;
  readonly path: string;
  readonly direction: number;
}

function stepOf({ origin }: TrialRecord): Step {
  const { climb, level, path, direction } = origin;
  return {
    climb: typeof climb === 'number' ? climb : 0,
    level: typeof level === 'number' ? level : 0,
    path: typeof path === 'string' ? path : '',
    direction: typeof direction === 'number' ? direction : 0,
  };
}

/** The trial a climb stands on: the best of its complete ones, the earliest of equals. */
function summit(climb: readonly TrialRecord[], { criteria }: StrategyInput['history']): TrialRecord | undefined {
  let best: TrialRecord | undefined;
  for (const trial of climb) {
    if (trial.state === 'complete' && (best === undefined || isBetter(trial, best, criteria))) best = trial;
  }
  return best;
}

/** The neighbour to try: on in the direction that just helped, else any. */
function choose(open: readonly Neighbour[], last: Step, { random }: StrategyInput): Neighbour | undefined {
  const onward = open.find(
    ({ path, direction }) => direction !== 0 && path === last.path && direction === last.direction,
  );
  return onward ?? random.at('neighbour').pick(open);
}

/** The best of the trials among some configs that is better than where the climb stands, if any is. */
function betterKnown(near: readonly Neighbour[], from: TrialRecord, input: StrategyInput): TrialRecord | undefined {
  const { space, history } = input;
  const keys = new Set(near.map(({ config }) => space.key(config)));
  const known = history.trials.filter(({ config }) => keys.has(space.key(config)));
  const best = summit([from, ...known], history);
  return best === from ? undefined : best;
}

/** The next step of a climb from a trial; undefined when every neighbour was tried and none is better. */
function step(
  climb: number,
  start: TrialRecord,
  strides: readonly number[],
  input: StrategyInput,
): Decision | undefined {
  const { space, history } = input;
  for (let from: TrialRecord | undefined = start; from !== undefined;) {
    const last = stepOf(from);
    const met: Neighbour[] = [];
    for (const [level, stride] of strides.entries()) {
      if (level < last.level) continue;
      const near = neighbours(space, from.config, stride);
      const next = choose(
        near.filter(({ config }) => !history.tried.has(space.key(config))),
        last,
        input,
      );
      if (next === undefined) met.push(...near);
      else {
        const { config, path, direction } = next;
        const origin = { operator: 'step', parents: [from.number], climb, level, path, direction };
        return { type: 'try', config, origin };
      }
    }
    // A neighbour that an earlier climb came by may be better: following it costs no trial.
    from = betterKnown(met, from, input);
  }
  return undefined;
}

function decide(input: StrategyInput, { initial, strides }: GreedyOptions): Decision {
  const { history } = input;
  const current = history.trials.reduce((latest, trial) => Math.max(latest, stepOf(trial).climb), 0);
  const climb = history.trials.filter((trial) => stepOf(trial).climb === current);
  const from = climb.length < initial ? undefined : summit(climb, history);
  if (from === undefined) return freshSample(input, { operator: 'restart', climb: current });
  const next = step(current, from, strides, input);
  if (next !== undefined) return next;
  // A neighbour that another worker is still running may yet be better: until it is known, the climb is not over.
  const settled = climb.every(isFinished);
  return freshSample(input, { operator: 'restart', climb: settled ? current + 1 : current });
}

/**
 * Hill climbing with restarts: start from the best of a few random configs, move to the first neighbour that is
 * better, and start again elsewhere when none is. Within a climb the trial stood on only ever gets better. With several
 * objectives, better means dominating. Configs that were enqueued take part in the first climb.
 *
 * Source: White, Nolen, Savani, "Exploring the loss landscape in neural architecture search", UAI 2021; the shrinking
 * strides are those of pattern search (Hooke and Jeeves, "Direct search", JACM 1961).
 */
export const greedy: StrategyFactory<GreedyOptions> = defineStrategy<GreedyOptions>({
  name: 'greedy',
  defaults: { initial: 10, strides: [0.2, 0.05, 0.0125, 0] },
  limits: { initial: wholeFromOne, strides: partsOfRange },
  decide,
});
