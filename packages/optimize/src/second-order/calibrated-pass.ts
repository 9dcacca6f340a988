/** Passes that go through a model a layer at a time and look at the inputs of each. */
import type { Json, Module } from '@espalier/nn';
import { visitInputs, type InputMeasure } from '../calibration/visit-inputs.ts';
import { RecipeError } from '../errors.ts';
import { MaskView } from '../prune/mask-view.ts';
import { integerOption, optionsOf } from '../recipe/options.ts';
import type { Effect, Pass, PassContext, PassKnob, PassPlan, PassRecord, StepConfig } from '../recipe/pass.ts';
import {
  checkFilter,
  selectParameters,
  type NamedParameter,
  type ParameterFilter,
} from '../selection/parameter-filter.ts';
import { readWeights } from '../selection/weights.ts';
import { checkMeasured } from './inputs.ts';

/** Options of all passes that calibrate. */
export interface CalibratedOptions extends ParameterFilter {
  /**
   * On how many examples of the training data, spread evenly, and how many of them go through the model at once. Default: 1,024, 32 at
   * once.
   */
  readonly calibrate?: { readonly examples: number; readonly batch?: number };
}

/** The names of the options of all passes that calibrate. */
export const calibratedOptionNames = ['calibrate', 'include', 'exclude'] as const;

/** A weight as a matrix: [first axis, all other axes]. */
export interface LayerWeight {
  readonly named: NamedParameter;
  /** Row-major, as the module sees them. */
  readonly values: Float32Array<ArrayBuffer>;
  readonly rows: number;
  readonly columns: number;
  /** 1 for each weight that a mask keeps; absent where there is no mask. */
  readonly kept: Uint8Array | undefined;
}

/** What is different between passes that calibrate. */
export interface Calibrated {
  readonly place: string;
  readonly options: CalibratedOptions;
  readonly effects: readonly Effect[];
  readonly measure: InputMeasure;
  /** What is done to some tensors, in words: `drop 50 %`. */
  readonly words: string;
  readonly knob?: PassKnob;
  /** Changes one weight, given what was measured of its inputs, and says what came of it. Of embeddings nothing is measured. */
  readonly change: (weight: LayerWeight, means: Float64Array | undefined) => { readonly [figure: string]: Json };
  /** What is trained beside the weights; where there is such, the stage trains. */
  readonly companion?: (chosen: readonly NamedParameter[]) => Module;
  /** Makes the change of a weight final. Default: nothing is left to do. */
  readonly settle?: (named: NamedParameter) => Promise<void>;
}

/** @throws {RecipeError} for options of all passes that calibrate which cannot be. */
export function checkCalibrated(place: string, options: CalibratedOptions): void {
  checkFilter(place, options);
  const { calibrate } = options;
  if (calibrate === undefined) return;
  optionsOf(`${place}.calibrate`, calibrate, ['examples', 'batch']);
  integerOption(place, 'calibrate.examples', calibrate.examples, 1);
  if (calibrate.batch !== undefined) integerOption(place, 'calibrate.batch', calibrate.batch, 1);
}

/** A measure with as many examples at once as options say. */
export function measureFor(measure: InputMeasure, { calibrate }: CalibratedOptions): InputMeasure {
  return calibrate?.batch === undefined ? measure : { ...measure, batchSize: calibrate.batch };
}

/** A pass out of what it does to one layer. Each layer sees what those give that were changed before it. */
export function calibratedPass(does: Calibrated): Pass {
  const { place, options, effects, knob } = does;
  const examples = options.calibrate?.examples ?? 1024;
  const config: StepConfig = { type: place, ...(options as object as { readonly [option: string]: Json }) };

  async function plan(model: Module, { data, signal }: PassContext): Promise<PassPlan> {
    const chosen = selectParameters(place, model, options);
    const train = data?.train;
    if (!train) throw new RecipeError(place, 'calibrates, and there is no training data; give data.train');
    const count = Math.min(examples, train.size);
    if (count === 0) throw new RecipeError(place, 'calibrates, and data.train has no example');
    for (const each of chosen) {
      await readWeights(place, each);
      checkWeight(place, each);
    }
    const summary = `${does.words} of ${chosen.length} tensors, calibrated on ${count} ${count === 1 ? 'example' : 'examples'}`;
    return {
      summary,
      apply: async () => {
        const found = new Map<string, Json>();
        const measure = measureFor(does.measure, options);
        const sharesInputs = true;
        const visit = { place, measure, data: train, count, signal, unseen: 'visit', sharesInputs } as const;
        await visitInputs(model, chosen, visit, async (each, means) => {
          if (means) checkMeasured(place, each.name, means);
          const weight = await readLayer(place, each);
          const figures = does.change(weight, means);
          const note = means ? {} : { note: 'no input of it was seen, so its weights count alike' };
          found.set(each.name, { ...note, ...figures });
        });
        const details = Object.fromEntries(chosen.map(({ name }) => [name, found.get(name) as Json]));
        const finalize = async (): Promise<PassRecord> => {
          if (does.settle) for (const each of chosen) await does.settle(each);
          return { config, summary, details };
        };
        const companion = does.companion?.(chosen);
        return {
          model,
          finalize,
          ...(companion && { training: { companions: new Map([[place, companion]]) } }),
        };
      },
    };
  }

  return { config, needs: does.companion ? 'training' : 'calibration', effects, plan, ...(knob && { knob }) };
}

/** @throws {RecipeError} for what is no matrix, and for a weight that is seen through anything but a mask: its raw values would not be those that are changed. */
function checkWeight(place: string, { name, parameter }: NamedParameter): void {
  if (parameter.shape.length < 2)
    throw new RecipeError(
      place,
      `${name} is no factor of inputs: its shape is [${parameter.shape.join(', ')}]; exclude it`,
    );
  const other = parameter.views.find((view) => !(view instanceof MaskView));
  if (other)
    throw new RecipeError(
      place,
      `${name} is seen through the view ${other.name}, and its raw values are not what the model computes with; strip the model first, or exclude ${name}`,
    );
}

async function readLayer(place: string, named: NamedParameter): Promise<LayerWeight> {
  const { parameter } = named;
  const values = await readWeights(place, named);
  const [rows = 1] = parameter.shape;
  const mask = parameter.views.find((view) => view instanceof MaskView);
  return { named, values, rows, columns: rows === 0 ? 0 : values.length / rows, kept: await mask?.kept() };
}
