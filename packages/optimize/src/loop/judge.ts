/** Judges models by the goals: some examples guide the search, others, which it does not see, confirm what it claims. */
import { subset, type AbortSignalLike, type Dataset, type LossFunction, type Module } from '@espalier/nn';
import type { Tensor } from '@espalier/tensor';
import { compareLatency, type ComparisonOptions, type LatencyComparison } from '../cost/compare-latency.ts';
import { measureCost, type Cost } from '../cost/cost.ts';
import { isQuality } from '../goal/metric.ts';
import { joined, Scorer, type Scores } from '../goal/score.ts';
import { judgeCost, judgeLatency, judgeQuality, usualMiss, type Goal, type GoalVerdict } from '../goal/verdict.ts';

/** What is judged by. */
export interface JudgeOptions {
  readonly base: Module;
  readonly goals: readonly Goal[];
  readonly validate: Dataset;
  readonly loss: LossFunction | undefined;
  /** The first example, as a batch of one. */
  readonly input: Tensor;
  readonly latency: ComparisonOptions;
  /** Whether latencies are measured, goal or no goal. */
  readonly timed: boolean;
  readonly signal?: AbortSignalLike | undefined;
}

/** What a model is like, as far as it was looked at. */
export interface Judged {
  readonly cost: Cost;
  readonly verdicts: readonly GoalVerdict[];
  readonly latency?: LatencyComparison;
}

/** Examples are looked at so many at first, and then twice as many as before, while a verdict is open. */
const firstLook = 1000;

/** A third of the examples guides the search. */
const searchShare = 1 / 3;

/** How often the time for a comparison of latencies is doubled while a verdict is open. */
const mostDoublings = 3;

/** Judges models on the same examples as the model as given. */
export class Judge {
  readonly #options: JudgeOptions;
  readonly #scorer: Scorer;
  readonly #border: number;
  readonly #base = new Map<string, Scores>();
  #baseCost: Cost | undefined;
  /** What is left of the probability of confirming what does not hold. */
  #left = 2 * usualMiss;

  private constructor(options: JudgeOptions, scorer: Scorer) {
    this.#options = options;
    this.#scorer = scorer;
    this.#border = Math.max(1, Math.floor(options.validate.size * searchShare));
  }

  static async of(options: JudgeOptions): Promise<Judge> {
    const qualities = options.goals.map(({ metric }) => metric).filter(isQuality);
    return new Judge(options, await Scorer.of(options.validate, [...new Set(qualities)], options));
  }

  /** The examples that guide the search: passes may look at them, and at none of those that confirm. */
  get guiding(): Dataset {
    const { validate } = this.#options;
    return subset(
      validate,
      Array.from({ length: this.#border }, (_, index) => index),
    );
  }

  /** The goals that examples are needed for. */
  get #qualities(): readonly Goal[] {
    return this.#options.goals.filter(({ metric }) => isQuality(metric));
  }

  /** What the model as given costs. */
  async baseCost(): Promise<Cost> {
    return (this.#baseCost ??= await this.#costOf(this.#options.base));
  }

  async #costOf(model: Module): Promise<Cost> {
    const { input } = this.#options;
    return measureCost(model, { inputShape: input.shape.slice(1), input, latency: false, entropy: true });
  }

  /** What guides the search: costs first, then examples that are not for confirming, more of them while a verdict is open. */
  async search(model: Module): Promise<Judged> {
    const cost = await this.#costOf(model);
    const costs = await this.#costVerdicts(cost);
    const timed = await this.#timed(model);
    let seen: Scores | undefined;
    let verdicts: readonly GoalVerdict[] = [];
    for (let end = firstLook; this.#qualities.length > 0; end *= 2) {
      const from = seen?.examples ?? 0;
      const to = Math.min(end, this.#border);
      const more = await this.#scorer.score(model, from, to, this.#options.signal);
      seen = seen ? joined(seen, more) : more;
      verdicts = await this.#qualityVerdicts(0, seen, usualMiss);
      if (to === this.#border || verdicts.every(({ verdict }) => verdict !== 'unsure')) break;
    }
    return { cost, verdicts: this.#inOrder([...costs, ...verdicts, ...timed.verdicts]), ...timed.latency };
  }

  /**
   * Looks at the examples that the search does not see. Each look that does not confirm takes half of what is left of the
   * probability of confirming anything wrongly, so that many of them are no more likely to than one. Source: B. Wiens, "A
   * fixed sequence Bonferroni procedure for testing multiple endpoints", Pharmaceutical Statistics 2 (2003).
   */
  async confirm(model: Module, { verdicts: known }: Pick<Judged, 'verdicts'>): Promise<readonly GoalVerdict[]> {
    const others = known.filter(({ metric }) => !this.#qualities.some((goal) => goal.metric.type === metric));
    if (this.#qualities.length === 0) return known;
    const miss = this.#left / 2;
    const scores = await this.#scorer.score(model, this.#border, this.#options.validate.size, this.#options.signal);
    const verdicts = await this.#qualityVerdicts(this.#border, scores, miss / this.#qualities.length);
    this.note(verdicts);
    return this.#inOrder([...others, ...verdicts]);
  }

  /** Takes in what was confirmed, or not, before. */
  note(verdicts: readonly GoalVerdict[]): void {
    const own = verdicts.filter(({ metric }) => this.#qualities.some((goal) => goal.metric.type === metric));
    if (own.some(({ verdict }) => verdict !== 'holds')) this.#left /= 2;
  }

  async #costVerdicts(cost: Cost): Promise<GoalVerdict[]> {
    const base = await this.baseCost();
    return this.#options.goals.filter(({ metric }) => metric.cost).map((goal) => judgeCost(goal, base, cost));
  }

  async #qualityVerdicts(from: number, model: Scores, miss: number): Promise<GoalVerdict[]> {
    const base = await this.#baseScores(from, from + model.examples);
    return this.#qualities.map((goal) => judgeQuality(goal, this.#scorer, { base, model }, miss));
  }

  /** What the model as given gets out of examples; those from a first one on are looked at once. */
  async #baseScores(from: number, to: number): Promise<Scores> {
    const key = `${from} ${to}`;
    const known = this.#base.get(key) ?? (await this.#scorer.score(this.#options.base, from, to));
    this.#base.set(key, known);
    return known;
  }

  /** Latencies in turns, for longer while a verdict is open. */
  async #timed(
    model: Module,
  ): Promise<{ readonly verdicts: readonly GoalVerdict[]; readonly latency?: Pick<Judged, 'latency'> }> {
    const { base, goals, input, latency: options, timed } = this.#options;
    const limits = goals.filter(({ metric }) => metric.type === 'latency');
    if (limits.length === 0 && !timed) return { verdicts: [] };
    for (let doubled = 0; ; doubled++) {
      const maxMs = (options.maxMs ?? 2000) * 2 ** doubled;
      const latency = await compareLatency(base, model, { ...options, maxMs, inputShape: input.shape.slice(1), input });
      const verdicts = limits.map((goal) => judgeLatency(goal, latency));
      if (doubled === mostDoublings || verdicts.every(({ verdict }) => verdict !== 'unsure'))
        return { verdicts, latency: { latency } };
    }
  }

  #inOrder(verdicts: readonly GoalVerdict[]): GoalVerdict[] {
    const left = [...verdicts];
    return this.#options.goals.flatMap(({ metric }) => {
      const index = left.findIndex((verdict) => verdict.metric === metric.type);
      return index < 0 ? [] : left.splice(index, 1);
    });
  }
}
