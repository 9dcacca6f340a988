/** What came of one recipe. */
import { AbortError, DivergenceError } from '@espalier/nn';
import { OutOfMemoryError } from '@espalier/tensor';
import type { LatencyRatio } from '../cost/compare-latency.ts';
import type { Cost } from '../cost/cost.ts';
import { RecipeError } from '../errors.ts';
import { shortfall, together, type GoalVerdict, type Verdict } from '../goal/verdict.ts';
import type { StepJson } from '../recipe/parse.ts';
import type { Values } from './knobs.ts';

/** Why a recipe came to nothing: `refused` before it began, numbers that are none, no memory, or another error. */
export type FailureKind = 'refused' | 'nan' | 'memory' | 'error';

/** A recipe that came to nothing. The run goes on. */
export interface TrialFailure {
  readonly kind: FailureKind;
  readonly message: string;
}

/** What a model costs, without what it is made of. */
export type TrialCosts = Omit<Cost, 'perParameter' | 'latency'>;

/** One recipe, and what came of it: JSON. */
export interface LoopTrial {
  /** From 0. */
  readonly number: number;
  /** What kind of recipe it is of. */
  readonly family: string;
  readonly values: Values;
  readonly recipe: readonly StepJson[];
  readonly failure?: TrialFailure;
  /** What identifies the model. */
  readonly key?: string;
  readonly costs?: TrialCosts;
  readonly latencyRatio?: LatencyRatio;
  /** Of the goals, by the examples that guide the search. */
  readonly searched: readonly GoalVerdict[];
  /** Of the goals, by the examples that confirm: only where the search left nothing to be desired. */
  readonly confirmed?: readonly GoalVerdict[];
  /** How good it is, by what the front is drawn of. */
  readonly quality?: GoalVerdict;
  /** What is minimized. */
  readonly cost: number | null;
  readonly seconds: number;
}

/** A trial from what was written of it; undefined for what is damaged, which is tried again. */
export function readTrial(text: string): LoopTrial | undefined {
  try {
    const read: unknown = JSON.parse(text);
    const { number, recipe, searched, seconds } = Object(read) as Partial<LoopTrial>;
    const isWhole =
      Number.isInteger(number) && Array.isArray(recipe) && Array.isArray(searched) && Number.isFinite(seconds);
    return isWhole ? (read as LoopTrial) : undefined;
  } catch {
    return undefined;
  }
}

/** What is known of the goals of a trial: what was confirmed, else what the search saw. */
export const verdictsOf = ({ confirmed, searched }: LoopTrial): readonly GoalVerdict[] => confirmed ?? searched;

/** What a trial may claim: only what was confirmed holds. */
export function claimOf(trial: LoopTrial): Verdict {
  if (trial.failure) return 'fails';
  const claim = together(verdictsOf(trial));
  return claim === 'holds' && !trial.confirmed ? 'unsure' : claim;
}

/** Whether the examples that guide the search leave nothing to be desired. */
export function isPromising({ failure, searched }: LoopTrial): boolean {
  return !failure && searched.every(({ verdict, margin }) => verdict !== 'fails' && margin !== null && margin >= 0);
}

/** The better of two trials: what holds before what is unsure, then the one of less cost, or that misses less. */
export function isBetterTrial(a: LoopTrial, b: LoopTrial): boolean {
  const rank = { holds: 0, unsure: 1, fails: 2 } as const;
  const [of, other] = [rank[claimOf(a)], rank[claimOf(b)]];
  if (of !== other) return of < other;
  if (of === 0) return (a.cost ?? Infinity) < (b.cost ?? Infinity);
  if (!!a.failure !== !!b.failure) return !a.failure;
  return shortfall(verdictsOf(a)) < shortfall(verdictsOf(b));
}

const kinds: readonly (readonly [(error: unknown) => boolean, FailureKind])[] = [
  [(error) => error instanceof RecipeError, 'refused'],
  [(error) => error instanceof DivergenceError, 'nan'],
  [(error) => error instanceof OutOfMemoryError, 'memory'],
];

/** What an error says of the recipe that it came of. */
export function failureOf(error: unknown): TrialFailure {
  const kind = kinds.find(([is]) => is(error))?.[1] ?? 'error';
  return { kind, message: error instanceof Error ? error.message : String(error) };
}

/** Whether an error is the wish to stop. */
export const isAbort = (error: unknown, signal: { readonly aborted: boolean } | undefined): boolean =>
  error instanceof AbortError || signal?.aborted === true;
