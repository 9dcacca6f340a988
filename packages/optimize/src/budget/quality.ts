/** How good a model is on data, as a number of which more is better. */
import { accuracy, evaluate, f1, Registry, summary, type Dataset, type Metric, type Module } from '@espalier/nn';
import { GoalError } from '../errors.ts';
import { wilsonInterval, type ProportionInterval } from '../cost/interval.ts';

/** The metrics a goal can name; more is better. */
export type QualityMetric = 'accuracy' | 'macro-f1' | 'r2' | (string & Record<never, never>);

/** How good a model is on one split. */
export interface Quality {
  readonly metric: QualityMetric;
  readonly value: number;
  /** The interval that holds the true value in 95 of 100 cases; for accuracy. */
  readonly interval?: ProportionInterval;
  readonly examples: number;
}

/** What the targets of data are: the number of a class for each example, or numbers like the outputs. */
export type TargetKind = 'classes' | 'numbers';

interface Measure {
  readonly type: string;
  readonly targets: TargetKind;
  readonly measure: (model: Module, data: Dataset) => Promise<number>;
}

const measured =
  (metric: Metric): Measure['measure'] =>
  async (model, data) =>
    (await evaluate(model, data, { value: metric })).value;

/** Σ (output - target)² over examples, for each output. */
export const squaredErrors: Metric<Float64Array> = {
  statistic: { shape: (output) => output, count: (output, target) => output.sub(target).square().sum(0) },
  value: (totals) => totals,
  direction: 'minimize',
};

/**
 * 1 - Σ (output - target)² / Σ (mean target - target)², the mean over all outputs. Where the targets of an output are all the
 * same it counts as 1 if they are met and else as 0, as in scikit-learn's `r2_score`.
 */
async function coefficientOfDetermination(model: Module, data: Dataset): Promise<number> {
  const { errors } = await evaluate(model, data, { errors: squaredErrors });
  const spreads = await squaredSpreads(data, errors.length);
  const scores = Array.from(errors, (error, output) => {
    const spread = spreads[output] as number;
    if (spread > 0) return 1 - error / spread;
    return error > 0 ? 0 : 1;
  });
  return scores.reduce((sum, score) => sum + score, 0) / scores.length;
}

/** Σ (mean target - target)² for each of the outputs, in doubles and by one pass (B. P. Welford, 1962). */
export async function squaredSpreads(data: Dataset, outputs: number): Promise<Float64Array> {
  const [means, spreads] = [new Float64Array(outputs), new Float64Array(outputs)];
  const step = 1024;
  for (let begin = 0; begin < data.size; begin += step) {
    const count = Math.min(step, data.size - begin);
    const { x, y } = await data.batch(Array.from({ length: count }, (_, index) => begin + index));
    const targets = await y.data();
    x.dispose();
    y.dispose();
    for (const [index, target] of targets.entries()) {
      const output = index % outputs;
      const seen = begin + Math.floor(index / outputs) + 1;
      const distance = target - (means[output] as number);
      means[output] = (means[output] as number) + distance / seen;
      spreads[output] = (spreads[output] as number) + distance * (target - means[output]);
    }
  }
  return spreads;
}

const measures = new Registry<Measure>('metric', ({ type }) => type, [
  { type: 'accuracy', targets: 'classes', measure: measured(accuracy) },
  { type: 'macro-f1', targets: 'classes', measure: measured(f1({ average: 'macro' })) },
  { type: 'r2', targets: 'numbers', measure: coefficientOfDetermination },
]);

const registered = new WeakMap<object, Measure>();

/**
 * Makes a metric of which more is better known by its name.
 * @throws {ConfigError} if the name is taken by another one.
 */
export function registerMeasure(type: Omit<Measure, 'measure'> & { readonly metric: Metric }): void {
  const known = registered.get(type) ?? { type: type.type, targets: type.targets, measure: measured(type.metric) };
  measures.register('registerMetric', known);
  registered.set(type, known);
}

/** The names of the metrics, those that were registered last. */
export const qualityMetrics: readonly QualityMetric[] = measures.names;

/** What there is to say of targets that a metric cannot be of. */
const kinds: Readonly<Record<TargetKind, string>> = {
  classes: 'one class for each example',
  numbers: 'numbers like the outputs',
};

/**
 * What the targets of a model's data are.
 * @throws {GoalError} if they are neither.
 */
export async function targetKind(model: Module, data: Dataset): Promise<TargetKind> {
  const { x, y } = await data.batch([0]);
  const [output, target] = [summary(model, x.shape.slice(1), { dtype: x.dtype }).outputShape, y.shape.slice(1)];
  x.dispose();
  y.dispose();
  if (target.length === 0 && output.length === 1 && (output[0] ?? 0) > 1) return 'classes';
  if (target.join() === output.join()) return 'numbers';
  throw new GoalError(
    'data',
    `targets [${target.join(', ')}] of an example are neither a class nor like its outputs [${output.join(', ')}]; reshape them`,
  );
}

/**
 * The metric of a goal: the one it names, else accuracy for classes, and r² for numbers that are learned by their
 * distance.
 * @throws {GoalError} for a metric that cannot be of such targets, and when it has to be named.
 */
export function chooseMetric(
  named: QualityMetric | undefined,
  targets: TargetKind,
  lossName: string | null | undefined,
): QualityMetric {
  if (named !== undefined) {
    const wanted = measures.find('goal.metric', named).targets;
    if (wanted === targets) return named;
    const others = qualityMetrics.filter((each) => measures.get(each)?.targets === targets);
    throw new GoalError(
      'metric',
      `is ${named}, which is of ${kinds[wanted]}, and the targets are ${kinds[targets]}; use ${others.join(' or ')}`,
    );
  }
  if (targets === 'classes') return 'accuracy';
  if (typeof lossName !== 'string' || ['mse', 'l1', 'huber'].includes(lossName)) return 'r2';
  throw new GoalError(
    'metric',
    `has to be named for a model that learns by ${lossName}; there are ${qualityMetrics.join(', ')}`,
  );
}

/** How good a model is. */
export async function measureQuality(model: Module, data: Dataset, metric: QualityMetric): Promise<Quality> {
  const value = await measures.find('goal.metric', metric).measure(model, data);
  const examples = data.size;
  // Of the metrics only accuracy is a share of independent successes.
  const interval = metric === 'accuracy' ? { interval: wilsonInterval(Math.round(value * examples), examples) } : {};
  return { metric, value, ...interval, examples };
}
