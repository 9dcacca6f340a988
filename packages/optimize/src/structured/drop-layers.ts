/** The pass that leaves whole layers out. */
import type { Json, Module } from '@espalier/nn';
import { dropCount } from '../prune/allocate.ts';
import { markLowest } from '../prune/exact-rank.ts';
import { integerOption, numberOption, optionsOf } from '../recipe/options.ts';
import type { Pass, PassContext, PassPlan, StepConfig } from '../recipe/pass.ts';
import { checkTraining, trainedFor } from '../recipe/training.ts';
import type { TrainingConfig } from '../recipe/training-config.ts';
import { selectLayers } from '../selection/layer-filter.ts';
import { checkFilter, type ParameterFilter } from '../selection/parameter-filter.ts';
import { influences } from './layer-influence.ts';
import { modelGraph } from './model-graph.ts';
import { batchOf, checkPlain, exampleData, structureOrder } from './plain-model.ts';
import { nothing, rewriteModel } from './rewrite-model.ts';
import { skippableLayers } from './skippable.ts';

/** Options of leaving layers out. What `include` and `exclude` match are the dotted names of layers. */
export interface DropLayersOptions extends ParameterFilter {
  /** Share of the layers that can be left out, from 0 to below 1. */
  readonly ratio: number;
  /** On how many examples of the training data it is measured what layers change. Default: 256. */
  readonly calibrate?: { readonly examples: number };
  /** The training in which the rest makes up for what is gone. Default: none. */
  readonly train?: TrainingConfig;
}

const place = 'drop-layers';

/**
 * Leaves layers out that change little of what they are given: those that add something to it, as residual ones without a
 * shortcut do. All others keep their places and names. The model computes what it did when those layers added 0.
 * @throws {RecipeError} for options that contradict themselves.
 *
 * @example
 * dropLayers({ ratio: 0.25, train: { epochs: 1 } })
 */
export function dropLayers(options: DropLayersOptions): Pass {
  optionsOf(place, options, ['ratio', 'calibrate', 'train', 'include', 'exclude']);
  const { ratio, calibrate, train } = options;
  numberOption(place, 'ratio', ratio, { least: 0, below: 1 });
  if (calibrate !== undefined) {
    optionsOf(`${place}.calibrate`, calibrate, ['examples']);
    integerOption(place, 'calibrate.examples', calibrate.examples, 1);
  }
  checkTraining(`${place}.train`, train);
  checkFilter(place, options);
  const config: StepConfig = { type: place, ...(options as object as { readonly [option: string]: Json }) };

  async function plan(model: Module, context: PassContext): Promise<PassPlan> {
    checkPlain(place, model);
    const data = exampleData(place, context);
    const skippable = skippableLayers(model, modelGraph(model, await batchOf(model, data)));
    const layers = selectLayers(place, model, skippable, options, 'adds something to what it is given');
    const count = dropCount(ratio, layers.length);
    const summary = `leave ${count} of ${layers.length} layers out that change least`;
    return {
      summary,
      apply: async () => {
        const scores = await influences(model, layers, data, calibrate?.examples ?? 256);
        const marks = markLowest(scores, count);
        const gone = layers.filter((_, index) => marks[index] === 1);
        const small = await rewriteModel(place, model, new Map(gone.map(({ module }) => [module, () => nothing])));
        return {
          model: small,
          ...(train && { training: {} }),
          finalize: async (training) => ({
            config,
            summary: `${summary}${training ? `; trained${trainedFor(training)}` : ''}`,
            details: Object.fromEntries(
              layers.map(({ name }, index) => [name, { influence: scores[index] as number, kept: marks[index] === 0 }]),
            ),
          }),
        };
      },
    };
  }

  return {
    config,
    order: structureOrder,
    train,
    knob: {
      name: 'ratio',
      range: async () => ({ low: 0, high: Math.max(ratio, 0.9), resolution: 0.05, start: ratio }),
      at: (value) => dropLayers({ ...options, ratio: value }),
    },
    needs: train ? 'training' : 'calibration',
    effects: train ? ['structure', 'weights'] : ['structure'],
    targets: 'layers',
    plan,
  };
}
