/** What goals are about: qualities, measured on examples, and costs, measured of a model. */
import { Registry, meanLoss, f1, l1, mse, type LossFunction, type Metric, type Module } from '@espalier/nn';
import { crossEntropy, noGrad, type Tensor } from '@espalier/tensor';
import { aFunction, aText, anObject, check, oneOf, ruleOf } from '@espalier/tensor/arguments';
import { partsOf } from '../arguments.ts';
import { registerMeasure, squaredErrors, type TargetKind } from '../budget/quality.ts';
import type { Cost } from '../cost/cost.ts';
import { GoalError } from '../errors.ts';
import type { Quantity } from './unit.ts';

/** What a quality is measured with. */
export interface QualityContext {
  /** The model as given. */
  readonly base: Module;
  /** What the model learns by, where that is known. */
  readonly loss: LossFunction | undefined;
  /** Mean over the examples of the squares of targets less their mean, for each output. */
  readonly spreads: () => Promise<Float64Array>;
}

/** For each example of a batch whether it is a hit, 1 or 0: [batch]. */
export type Hits = (output: Tensor, target: Tensor, context: { readonly x: Tensor }) => Tensor;

/** A metric that goals can name. */
export interface GoalMetric {
  readonly type: string;
  readonly direction: 'maximize' | 'minimize';
  readonly quantity: Quantity;
  /** For a quality: what its targets are; left out where it does not matter. */
  readonly targets?: TargetKind;
  /** For a share of independent examples. */
  readonly hits?: (context: QualityContext) => Hits;
  /** For another quality: counts that add up over examples. */
  readonly metric?: (context: QualityContext) => Metric | Promise<Metric>;
  /** For a cost that is known of a model alone. */
  readonly cost?: (cost: Cost) => number;
}

const isRight: Hits = (output, target) =>
  output.argmax(-1).cast('i32').eq(target.cast('i32')).logicalAnd(output.max(-1).isNaN().logicalNot()).cast('f32');

/** The loss of the task. */
function lossOf({ loss }: QualityContext): Metric {
  if (loss) return meanLoss(loss);
  throw new GoalError('loss', 'nothing says by which loss the model learns; give loss');
}

/** A mean over examples as another number. */
function changed(metric: Metric, change: (mean: number) => number): Metric {
  return { ...metric, value: (totals) => change(metric.value(totals)) };
}

/** 1 less the share of the spread of targets that is not explained. */
async function explained({ spreads }: QualityContext): Promise<Metric> {
  const known = await spreads();
  const { shape, count } = squaredErrors.statistic;
  return {
    statistic: {
      shape: (output) => [shape(output).reduce((product, size) => product * size, 1) + 1],
      count: (output, target, context) =>
        count(output, target, context)
          .reshape(-1)
          .pad([[0, 1]], output.shape[0]),
    },
    value: (totals) => {
      const examples = totals.at(-1) ?? 0;
      const scores = Array.from(totals.subarray(0, -1), (error, output) => {
        const spread = known[output] as number;
        return spread > 0 ? 1 - error / examples / spread : error > 0 ? 0 : 1;
      });
      return scores.reduce((sum, score) => sum + score, 0) / scores.length;
    },
    direction: 'maximize',
  };
}

const metrics = new Registry<GoalMetric>('metric', ({ type }) => type, [
  { type: 'accuracy', direction: 'maximize', quantity: 'share', targets: 'classes', hits: () => isRight },
  {
    type: 'agreement',
    direction: 'maximize',
    quantity: 'share',
    targets: 'classes',
    hits:
      ({ base }) =>
      (output, _, { x }) =>
        isRight(output, noGrad(() => base.call(x)).argmax(-1), { x }),
  },
  {
    type: 'macro-f1',
    direction: 'maximize',
    quantity: 'share',
    targets: 'classes',
    metric: () => f1({ average: 'macro' }),
  },
  { type: 'r2', direction: 'maximize', quantity: 'number', targets: 'numbers', metric: explained },
  { type: 'loss', direction: 'minimize', quantity: 'number', metric: lossOf },
  {
    type: 'perplexity',
    direction: 'minimize',
    quantity: 'number',
    targets: 'classes',
    metric: () => changed(meanLoss(crossEntropy), Math.exp),
  },
  {
    type: 'rmse',
    direction: 'minimize',
    quantity: 'number',
    targets: 'numbers',
    metric: () => changed(meanLoss(mse), Math.sqrt),
  },
  { type: 'mae', direction: 'minimize', quantity: 'number', targets: 'numbers', metric: () => meanLoss(l1) },
  { type: 'bytes', direction: 'minimize', quantity: 'bytes', cost: ({ bytes }) => bytes },
  { type: 'memory', direction: 'minimize', quantity: 'bytes', cost: ({ memoryBytes }) => memoryBytes },
  { type: 'parameters', direction: 'minimize', quantity: 'count', cost: ({ parameters }) => parameters },
  { type: 'non-zeros', direction: 'minimize', quantity: 'count', cost: ({ nonZeros }) => nonZeros },
  { type: 'macs', direction: 'minimize', quantity: 'count', cost: ({ macs }) => macs },
  // Timed against the model as given, in turns.
  { type: 'latency', direction: 'minimize', quantity: 'milliseconds' },
]);

/** The names of the metrics that goals can be about, those that were registered last. */
export const goalMetrics: readonly string[] = metrics.names;

/** The metric of a name; undefined where there is none. */
export function goalMetric(name: string): GoalMetric | undefined {
  return metrics.get(name);
}

/** Whether a metric is measured on examples. */
export const isQuality = ({ hits, metric }: GoalMetric): boolean => hits !== undefined || metric !== undefined;

/** A metric under the name that goals have for it. */
export interface MetricType {
  readonly type: string;
  /** What its targets are. */
  readonly targets: TargetKind;
  /** Its value is a number; its direction says whether more of it is better. `compress` takes those of which more is. */
  readonly metric: Metric;
  /** Whether it is a share, which goals may give in per cent and points. Default: false. */
  readonly share?: boolean;
}

const aMetricType = partsOf<MetricType>(
  "a metric with its name and targets: { type, targets: 'classes' or 'numbers', metric }",
  {
    type: aText,
    targets: oneOf('classes', 'numbers'),
    metric: ruleOf<Metric>(
      'a metric',
      (value) =>
        anObject.holds(value) &&
        anObject.holds(value['statistic']) &&
        aFunction.holds(value['value']) &&
        ['maximize', 'minimize'].includes(value['direction'] as string),
    ),
    share: ruleOf('true or false', (value) => value === undefined || typeof value === 'boolean'),
  },
);

const registered = new WeakMap<MetricType, GoalMetric>();

/**
 * Makes a metric known by a name, for goals.
 * @throws {ConfigError} if the name is taken by another one.
 */
export function registerMetric(type: MetricType): void {
  check('registerMetric', 'type', type, aMetricType);
  const { metric, targets, share = false } = type;
  const known = registered.get(type) ?? {
    type: type.type,
    direction: metric.direction,
    quantity: share ? 'share' : 'number',
    targets,
    metric: () => metric,
  };
  metrics.register('registerMetric', known);
  if (metric.direction === 'maximize') registerMeasure(type);
  registered.set(type, known);
}

/** The metric of a goal that is said nowhere, by what the targets are. */
export const usualMetric = (targets: TargetKind): string => (targets === 'classes' ? 'accuracy' : 'r2');
