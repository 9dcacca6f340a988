/** Gathering what a score needs, of a model as it is at the time. */
import { enterEvaluation, trainedBy, type Module } from '@espalier/nn';
import { columnSquares } from '../calibration/weight-inputs.ts';
import { visitInputs } from '../calibration/visit-inputs.ts';
import { RecipeError } from '../errors.ts';
import type { PassContext, TrainingPart } from '../recipe/pass.ts';
import { findTaskLoss } from '../recipe/task-loss.ts';
import type { NamedParameter } from '../selection/parameter-filter.ts';
import { readWeights } from '../selection/weights.ts';
import type { Evidence, ScoreNeed } from './evidence.ts';
import { measureGradients } from './gradients.ts';
import { Movement } from './movement.ts';

/** Of what evidence is gathered, and where from. */
export interface GatheringSite {
  readonly place: string;
  readonly model: Module;
  readonly chosen: readonly NamedParameter[];
  readonly context: PassContext;
  readonly examples: number;
}

/** Gathers evidence as often as it is asked for. */
export interface Gatherer {
  /** The evidence of each parameter, by now. */
  readonly gather: () => Promise<readonly Evidence[]>;
  /** What it has to be told in training. */
  readonly training?: Required<Pick<TrainingPart, 'beforeStep' | 'onGradients'>>;
  readonly dispose?: () => void;
}

/**
 * What gathers the evidence that a score needs.
 * @throws {RecipeError} where there is no data, or nothing says the loss.
 */
export function gathererOf(need: ScoreNeed | undefined, site: GatheringSite): Gatherer {
  return need === undefined ? { gather: async () => site.chosen.map(() => ({})) } : gatherers[need](site);
}

const gatherers: Readonly<Record<ScoreNeed, (site: GatheringSite) => Gatherer>> = {
  gradients: (site) => {
    const measure = gradientsOf(site);
    return {
      gather: async () => {
        const found = await measure(false);
        let total = 0;
        for (const [index, each] of site.chosen.entries()) {
          const values = await readWeights(site.place, each);
          for (const [at, g] of (found[index] as Float64Array).entries()) total += Math.abs((values[at] as number) * g);
        }
        return found.map((gradient) => ({ gradient, total }));
      },
    };
  },
  'example-gradients': (site) => {
    const measure = gradientsOf(site);
    return { gather: async () => (await measure(true)).map((squares) => ({ squares })) };
  },
  inputs: (site) => {
    const { place, model, chosen, context, examples } = site;
    const { signal } = context;
    const data = dataOf(site);
    return {
      gather: () =>
        inEvaluation(model, async () => {
          const found = new Map<string, Evidence>();
          const visit = { place, measure: columnSquares, data, count: examples, signal, unseen: 'visit' } as const;
          await visitInputs(model, chosen, visit, async ({ name }, inputs) => {
            if (inputs && !inputs.every((square) => Number.isFinite(square)))
              throw new RecipeError(
                place,
                `the inputs of ${name} are not finite on the examples to score by; look at the data, or exclude ${name}`,
              );
            found.set(name, inputs ? { inputs } : {});
          });
          return chosen.map(({ name }) => found.get(name) ?? {});
        }),
    };
  },
  movement: ({ chosen }) => {
    const movement = new Movement(chosen);
    return {
      gather: async () => (await movement.read()).map((moved) => ({ movement: moved })),
      training: {
        beforeStep: (_, __, learningRate) => movement.beginStep(learningRate),
        onGradients: (gradients) => movement.record(gradients),
      },
      dispose: () => movement.dispose(),
    };
  },
};

function dataOf({ place, context: { data } }: GatheringSite): NonNullable<NonNullable<PassContext['data']>['train']> {
  if (data?.train && data.train.size > 0) return data.train;
  throw new RecipeError(place, 'scores weights by examples, and there is none; give data.train');
}

function gradientsOf(site: GatheringSite): (squared: boolean) => Promise<Float64Array[]> {
  const { place, model, chosen, context, examples } = site;
  const data = dataOf(site);
  const { of: loss } = findTaskLoss(place, context.loss, trainedBy(model));
  return (squared) =>
    inEvaluation(model, () =>
      measureGradients(model, chosen, { place, data, examples, loss, signal: context.signal }, squared),
    );
}

/** Runs `body` with a model in evaluation, which a training in between goes on after. */
async function inEvaluation<T>(model: Module, body: () => Promise<T>): Promise<T> {
  const leave = enterEvaluation(model);
  try {
    return await body();
  } finally {
    leave();
  }
}
