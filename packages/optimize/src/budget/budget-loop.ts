/** The budget loop: turns one knob until the goal is met or known to be out of reach. */
import { monotonicNow, type AbortSignalLike } from '@espalier/nn';
import { aSignal } from '@espalier/nn/arguments';
import {
  aFunction,
  aNumber,
  anObject,
  aText,
  check,
  ruleOf,
  type OptionRules,
  type Rule,
} from '@espalier/tensor/arguments';
import { anything, callback, checkNeeded, optional, partsOf } from '../arguments.ts';
import { GoalError } from '../errors.ts';
import { quote } from '../quote.ts';
import { paretoFront } from './front.ts';
import { checkRange, nextKnob, type KnobRange } from './knob.ts';
import { brokenLimits, limitedCosts, type Costs, type LimitedCost } from './limit.ts';

/** What one attempt gave. */
export interface Attempt {
  /** More is better. Measured on validation data, never on the test split. */
  readonly quality: number;
  readonly costs: Costs;
}

/** One attempt with its place in the search. */
export interface BudgetTrial extends Attempt {
  readonly knob: number;
  /** Quality above the floor; negative below it. */
  readonly margin: number;
  readonly brokenLimits: readonly LimitedCost[];
}

/** All that a loop has to remember to go on: JSON. */
export interface BudgetState {
  readonly version: 1;
  readonly range: KnobRange;
  readonly floor: number;
  readonly limits: Costs;
  readonly trials: readonly BudgetTrial[];
  /** What was tried, as `BudgetOptions.of` said. */
  readonly of?: string;
}

/**
 * Why a loop ended. `met`: floor and limits are kept; `edge`: the knob is at its end and the floor still holds; `narrowed`: the
 * largest value that holds is known to the resolution; `infeasible`: even the lowest value breaks the floor.
 */
export type BudgetStop = 'met' | 'edge' | 'narrowed' | 'infeasible' | 'max-trials' | 'max-time' | 'aborted';

/** How a loop ended. */
export interface BudgetResult<A extends Attempt> {
  readonly stop: BudgetStop;
  /** Why, in a sentence. */
  readonly reason: string;
  readonly state: BudgetState;
  /** The best trial, and what its attempt gave; an attempt of a state that was resumed is made again. */
  readonly best: { readonly trial: BudgetTrial; readonly attempt: A };
  /** The trials that no other beats in both quality and bytes. */
  readonly front: readonly BudgetTrial[];
}

/** What a loop works with. */
export interface BudgetOptions<A extends Attempt> {
  readonly range: KnobRange;
  /** The least quality. */
  readonly floor: number;
  /** The loop ends as soon as a trial keeps the floor and all limits; without limits it looks for the largest knob that keeps the floor. */
  readonly limits?: Costs;
  /** Makes and measures what a knob stands for. A function of the knob: the same knob gives the same again. */
  readonly attempt: (knob: number) => Promise<A>;
  /** What is tried, as text. A state that was of something else is refused. */
  readonly of?: string;
  readonly maxTrials: number;
  readonly maxMinutes?: number;
  /**
   * Goes on from what an interrupted loop remembered.
   * @throws {GoalError} if it was after something else.
   */
  readonly state?: BudgetState;
  /** Told each trial, with what to remember. */
  readonly onTrial?: (trial: BudgetTrial, state: BudgetState) => void | Promise<void>;
  /** Ends the loop after the attempt in hand; what was found so far is returned. */
  readonly signal?: AbortSignalLike;
  /** Milliseconds since any moment. Default: `performance.now`. */
  readonly now?: () => number;
}

const someCosts: Rule<Costs> = partsOf<Costs>(
  `an object of numbers, of ${limitedCosts.join(', ')}`,
  Object.fromEntries(limitedCosts.map((cost) => [cost, optional(aNumber)])),
);

const anAttempt: Rule<Attempt> = partsOf<Attempt>('{ quality, costs }, of numbers', {
  quality: aNumber,
  costs: someCosts,
});

const budgetRules: OptionRules<BudgetOptions<never>> = {
  range: ruleOf('a range { low, high, resolution }', anObject.holds),
  floor: aNumber,
  limits: someCosts,
  attempt: ruleOf(aFunction.is, aFunction.holds),
  of: aText,
  maxTrials: aNumber,
  maxMinutes: aNumber,
  // Checked against what it goes on with.
  state: anything(),
  onTrial: callback(),
  signal: aSignal,
  now: callback(),
};

/**
 * Tries knob values, chosen by `nextKnob` from what came of those before, until the goal is met, the answer is known, or
 * trials or time run out. Whatever happens it returns the best of what it tried: of the trials that keep the floor the one
 * that breaks the fewest limits and then takes the fewest bytes; if none does, the one of the highest quality. At least one
 * attempt is made.
 * @throws {ArgumentError} for options that are wrong or missing.
 * @throws {GoalError} for a floor that is NaN, a range that cannot be, and a state of another loop.
 */
export async function budgetLoop<A extends Attempt>(options: BudgetOptions<A>): Promise<BudgetResult<A>> {
  const {
    range,
    floor,
    limits = {},
    attempt,
    maxTrials,
    maxMinutes = Infinity,
    onTrial,
    signal,
    now = monotonicNow,
  } = checkNeeded('budgetLoop', options, budgetRules, ['range', 'floor', 'attempt', 'maxTrials']);
  if (Number.isNaN(floor)) throw new GoalError('floor', 'is NaN; it must be a number');
  const of = options.of === undefined ? {} : { of: options.of };
  checkRange(range);
  if (options.state) checkState(options.state, { range, floor, limits, ...of });
  const trials: BudgetTrial[] = [...(options.state?.trials ?? [])];
  const state = (): BudgetState => ({ version: 1, range, floor, limits, trials: [...trials], ...of });
  const begin = now();
  let kept: { readonly trial: BudgetTrial; readonly attempt: A } | undefined;
  if (!(maxTrials >= 1 && maxMinutes > 0))
    throw new GoalError(
      'maxTrials',
      `is ${maxTrials}, and maxMinutes ${maxMinutes}; at least one trial needs a time above 0`,
    );
  let stop: BudgetStop | undefined;
  while (!stop) {
    const decision = nextKnob(range, trials);
    if (Object.keys(limits).length > 0 && trials.some(isMet)) stop = 'met';
    else if ('stop' in decision) stop = decision.stop;
    else if (trials.length >= maxTrials) stop = 'max-trials';
    else if (trials.length > 0 && now() - begin >= maxMinutes * 60_000) stop = 'max-time';
    else if (trials.length > 0 && signal?.aborted) stop = 'aborted';
    else {
      const made = check('budgetLoop', 'what attempt gave', await attempt(decision.next), anAttempt as Rule<A>);
      const trial = judge(decision.next, made, floor, limits);
      trials.push(trial);
      if (bestOf(trials) === trial) kept = { trial, attempt: made };
      await onTrial?.(trial, state());
    }
  }
  const trial = bestOf(trials);
  if (!trial) throw new GoalError('maxTrials', `is ${maxTrials}; at least one trial is needed`);
  const best = kept?.trial === trial ? kept : { trial, attempt: await attempt(trial.knob) };
  const front = paretoFront(trials.map((each) => ({ quality: each.quality, cost: each.costs.bytes ?? 0, each }))).map(
    ({ each }) => each,
  );
  return { stop, reason: explain(stop, trial, trials.length), state: state(), best, front };
}

function judge(knob: number, { quality, costs }: Attempt, floor: number, limits: Costs): BudgetTrial {
  return { knob, quality, costs, margin: quality - floor, brokenLimits: brokenLimits(costs, limits) };
}

const isMet = ({ margin, brokenLimits: broken }: BudgetTrial): boolean => margin >= 0 && broken.length === 0;

function bestOf(trials: readonly BudgetTrial[]): BudgetTrial | undefined {
  const holding = trials.filter(({ margin }) => margin >= 0);
  const known = (quality: number): number => (Number.isNaN(quality) ? -Infinity : quality);
  if (holding.length === 0) return trials.toSorted((a, b) => compareDown(known(a.quality), known(b.quality)))[0];
  const bytes = ({ costs }: BudgetTrial): number => costs.bytes ?? Infinity;
  const order = (a: BudgetTrial, b: BudgetTrial): number =>
    a.brokenLimits.length - b.brokenLimits.length ||
    (bytes(a) === bytes(b) ? 0 : bytes(a) - bytes(b)) ||
    b.knob - a.knob;
  return holding.toSorted(order)[0];
}

function explain(stop: BudgetStop, best: BudgetTrial, count: number): string {
  const broken = best.brokenLimits.length > 0 ? `; ${best.brokenLimits.join(' and ')} stayed above the limit` : '';
  const trials = `${count} ${count === 1 ? 'trial' : 'trials'}`;
  const below = !(best.margin >= 0) ? '; no trial kept the floor, so the one of the highest quality was taken' : '';
  const reasons: Readonly<Record<BudgetStop, string>> = {
    met: `the floor and every limit are kept at ${show(best.knob)}`,
    edge: `the knob is at its end, ${show(best.knob)}, and the floor still holds`,
    narrowed: `${show(best.knob)} is the largest value known to keep the floor, to the resolution`,
    infeasible: 'even the lowest value breaks the floor',
    'max-trials': `${trials} ${count === 1 ? 'was' : 'were'} made`,
    'max-time': `the time was up after ${trials}`,
    aborted: `it was interrupted after ${trials}`,
  };
  return `${reasons[stop]}${stop === 'met' ? '' : broken}${below}`;
}

const show = (knob: number): string => String(Number(knob.toFixed(6)));

/** Its trials are looked at one by one. */
const aState: Rule<BudgetState> = partsOf<BudgetState>('a state', {
  range: partsOf<KnobRange>('a range', { low: aNumber, high: aNumber, resolution: aNumber, start: optional(aNumber) }),
  floor: aNumber,
  of: optional(aText),
});

function checkState(state: BudgetState, now: Pick<BudgetState, 'range' | 'floor' | 'limits' | 'of'>): void {
  const trials: unknown = Reflect.get(Object(state) as object, 'trials');
  if (!Array.isArray(trials) || !trials.every(isTrial) || !aState.holds(state))
    throw new GoalError('state', `${quote(state)} is not what a search remembered; pass what onTrial was given`);
  const text = (of: Pick<BudgetState, 'range' | 'floor' | 'limits' | 'of'>): string =>
    JSON.stringify([
      of.range.low,
      of.range.high,
      of.range.resolution,
      of.range.start ?? null,
      of.floor,
      limitedCosts.map((cost) => of.limits[cost] ?? null),
      of.of ?? null,
    ]);
  if (state.version !== 1 || Object(state.limits) !== state.limits || text(state) !== text(now)) {
    throw new GoalError(
      'state',
      'belongs to another search: its recipe, range, floor or limits differ; start anew, or ask for the same as before',
    );
  }
}

function isTrial(trial: unknown): boolean {
  const {
    knob,
    quality,
    margin,
    costs,
    brokenLimits: broken,
  } = Object(trial) as Partial<Record<keyof BudgetTrial, unknown>>;
  // JSON has null for NaN.
  const isQuality = (value: unknown): boolean => typeof value === 'number' || value === null;
  return (
    Number.isFinite(knob) && isQuality(quality) && isQuality(margin) && Object(costs) === costs && Array.isArray(broken)
  );
}

const compareDown = (a: number, b: number): number => (a === b ? 0 : b - a);
