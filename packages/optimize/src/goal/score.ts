/** What a model gets out of examples, kept so that another model can be compared on the same ones. */
import {
  enterEvaluation,
  throwIfAborted,
  type AbortSignalLike,
  type Dataset,
  type Loaded,
  type Metric,
  type Module,
} from '@espalier/nn';
import { compile, concat, noGrad, type Tensor } from '@espalier/tensor';
import { squaredSpreads } from '../budget/quality.ts';
import { GoalError } from '../errors.ts';
import type { GoalMetric, Hits, QualityContext } from './metric.ts';

/** What was counted on blocks of examples, one metric after the other; on all blocks in the same order. */
export interface Scores {
  readonly examples: number;
  /** For a share, a 1 for each example that is a hit. */
  readonly hits: ReadonlyMap<string, Uint8Array>;
  /** For another quality, its counts on each block. */
  readonly blocks: ReadonlyMap<string, readonly Float64Array[]>;
}

/** A way to count, of a metric. */
interface Way {
  readonly type: string;
  readonly hits?: Hits;
  readonly metric?: Metric;
  readonly count: Hits;
}

/** About how many blocks examples are divided into, which intervals come from. */
const wantedBlocks = 128;
const mostInBlock = 256;

/** Whether each example has one target. */
async function hasOneTarget(data: Dataset): Promise<boolean> {
  const { x, y } = await data.batch([0]);
  const { size } = y;
  for (const tensor of [x, y]) tensor.dispose();
  return size === 1;
}

/** The share of hits where an example has many targets, such as the places of a sequence: these are not independent, examples are. */
function shareOf(hits: Hits): Metric {
  return {
    statistic: {
      shape: () => [2],
      count: (output, target, context) => {
        const all = hits(output, target, context).reshape(-1);
        return all
          .sum()
          .reshape(1)
          .pad([[0, 1]], all.size);
      },
    },
    value: ([right = 0, all = 0]) => right / all,
    direction: 'maximize',
  };
}

/** Metrics on one dataset, ready for any number of models. */
export class Scorer {
  readonly #data: Dataset;
  readonly #ways: readonly Way[];

  private constructor(data: Dataset, ways: readonly Way[]) {
    this.#data = data;
    this.#ways = ways;
  }

  /** Makes metrics of qualities ready to be measured on a dataset. */
  static async of(
    data: Dataset,
    metrics: readonly GoalMetric[],
    { base, loss }: Pick<QualityContext, 'base' | 'loss'>,
  ): Promise<Scorer> {
    const context: QualityContext = {
      base,
      loss,
      spreads: async () => {
        const { y } = await data.batch([0]);
        const outputs = y.shape.slice(1).reduce((product, size) => product * size, 1);
        y.dispose();
        return (await squaredSpreads(data, outputs)).map((spread) => spread / data.size);
      },
    };
    const ways: Way[] = [];
    const hasOne = await hasOneTarget(data);
    for (const { type, hits, metric } of metrics) {
      const each = hits?.(context);
      const way = hasOne ? each : undefined;
      const counted = each && !hasOne ? shareOf(each) : await metric?.(context);
      const count = way ?? counted?.statistic.count;
      if (count) ways.push({ type, count, ...(way && { hits: way }), ...(counted && { metric: counted }) });
    }
    return new Scorer(data, ways);
  }

  /** What a quality is, from what was counted on blocks. */
  value(type: string, blocks: readonly Float64Array[]): number {
    const metric = this.#ways.find((way) => way.type === type)?.metric;
    const [first] = blocks;
    if (!metric || !first) return NaN;
    const totals = new Float64Array(first.length);
    for (const block of blocks)
      for (const [index, count] of block.entries()) totals[index] = (totals[index] as number) + count;
    return metric.value(totals);
  }

  /** Counts on the examples from a first one up to, and without, another. */
  async score(model: Module, from: number, to: number, signal?: AbortSignalLike): Promise<Scores> {
    const hits = new Map<string, Uint8Array>();
    const blocks = new Map<string, Float64Array[]>();
    for (const { type, hits: way } of this.#ways) {
      if (way) hits.set(type, new Uint8Array(to - from));
      else blocks.set(type, []);
    }
    const leave = enterEvaluation(model);
    // How many numbers each metric counts; known once a step is recorded.
    const sizes = new Map<string, number>();
    const step = compile((loaded: Loaded): Tensor =>
      noGrad(() => {
        const { x, y } = this.#data.prepare(loaded);
        const output = model.call(x);
        const counts = this.#ways.map(({ type, count, hits: way }) => {
          const made = count(output, y, { x }).cast('f32').reshape(-1);
          if (way && y.rank !== output.rank - 1)
            throw new GoalError(
              type,
              `outputs [${output.shape.join(', ')}] and targets [${y.shape.join(', ')}] are not one class for each example; reshape them`,
            );
          sizes.set(type, made.size);
          return made;
        });
        return concat(counts);
      }),
    );
    const size = Math.max(1, Math.min(mostInBlock, Math.ceil(this.#data.size / wantedBlocks)));
    try {
      for (let begin = from; begin < to; begin += size) {
        throwIfAborted(signal);
        const count = Math.min(size, to - begin);
        const loaded = await this.#data.load(Int32Array.from({ length: count }, (_, index) => begin + index));
        const made = step(loaded);
        const values = Float64Array.from(await made.data());
        for (const tensor of [...Object.values(loaded), made]) tensor.dispose();
        let offset = 0;
        for (const { type, hits: way } of this.#ways) {
          const part = values.slice(offset, (offset += way ? count : (sizes.get(type) as number)));
          hits.get(type)?.set(part, begin - from);
          blocks.get(type)?.push(part);
        }
      }
    } finally {
      step.dispose();
      leave();
    }
    return { examples: to - from, hits, blocks };
  }
}

/** The scores of one part of the examples and of the next as those of both. */
export function joined(first: Scores, second: Scores): Scores {
  const both = <T>(type: string, a: ReadonlyMap<string, T>, b: ReadonlyMap<string, T>): readonly [T, T] => [
    a.get(type) as T,
    b.get(type) as T,
  ];
  return {
    examples: first.examples + second.examples,
    hits: new Map(
      [...first.hits.keys()].map((type) => {
        const [a, b] = both(type, first.hits, second.hits);
        return [type, Uint8Array.from([...a, ...b])];
      }),
    ),
    blocks: new Map([...first.blocks.keys()].map((type) => [type, both(type, first.blocks, second.blocks).flat()])),
  };
}
