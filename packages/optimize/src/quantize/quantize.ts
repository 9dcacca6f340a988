/** The quantization pass. */
import type { Json, Module } from '@espalier/nn';
import { RecipeError } from '../errors.ts';
import { integerOption, oneOf, optionsOf } from '../recipe/options.ts';
import type { Pass, PassContext, PassPlan, PassRecord, StepConfig } from '../recipe/pass.ts';
import { checkFilter, selectParameters, type NamedParameter } from '../selection/parameter-filter.ts';
import { readWeights } from '../selection/weights.ts';
import { calibrate, refineScales, type InputEnergy } from './calibration.ts';
import { numberFormats, type WeightFormat } from './number-format.ts';
import { createObserver, observerTypes, type ObserverConfig } from './observers.ts';
import type { Granularity, QuantizeOptions } from './options.ts';
import { findScales } from './quantize-tensor.ts';
import { setQuantization } from './quantize-view.ts';
import { settle } from './settle.ts';

const optionNames = ['weights', 'granularity', 'observer', 'calibrate', 'include', 'exclude'] as const;

/**
 * Rounds weights to the whole numbers of a format, with a scale for each tensor or output channel. Biases and norms stay
 * as they are. The scales cover the weights as they are when the pass comes; the model then computes with exactly the
 * numbers that a saved file holds, and pruned weights stay exactly 0.
 * @throws {RecipeError} for options it does not know.
 *
 * @example
 * quantize({ weights: 'int8', granularity: 'channel' })
 */
export function quantize(options: QuantizeOptions = {}): Pass {
  const place = 'quantize';
  optionsOf(place, options, optionNames);
  const { weights: format = 'int8', granularity = 'channel' } = options;
  const observer: ObserverConfig =
    typeof options.observer === 'object' ? options.observer : { type: options.observer ?? 'min-max' };
  optionsOf(`${place}.observer`, observer, ['type', 'percentile']);
  oneOf<WeightFormat>(place, 'weights', format, numberFormats);
  oneOf<Granularity>(place, 'granularity', granularity, ['tensor', 'channel']);
  oneOf(place, 'observer', observer.type, observerTypes);
  createObserver(observer);
  checkFilter(place, options);
  const examples = calibrationExamples(place, options.calibrate);
  const config: StepConfig = { type: 'quantize', ...(options as object as { readonly [option: string]: Json }) };

  async function plan(model: Module, { data }: PassContext): Promise<PassPlan> {
    const chosen = selectParameters(place, model, options);
    if (examples > 0 && !data?.train)
      throw new RecipeError(place, 'calibrates, and there is no training data; give data.train');
    const seen = Math.min(examples, data?.train?.size ?? 0);
    if (examples > 0 && seen === 0) throw new RecipeError(place, 'calibrates, and data.train has no example');
    for (const each of chosen) await readWeights(place, each);
    const summary = `round the weights of ${chosen.length} tensors to ${format} by ${granularity}${examples > 0 ? `, calibrated on ${seen} ${seen === 1 ? 'example' : 'examples'}` : ''}`;
    return {
      summary,
      apply: async () => {
        const reports = new Map<string, Json>();
        const round = async (each: NamedParameter, energy?: InputEnergy): Promise<void> =>
          void reports.set(each.name, await quantizeParameter(each, energy));
        if (data?.train && examples > 0) await calibrate(model, chosen, data.train, examples, round);
        else await Promise.all(chosen.map((each) => round(each)));
        const details = Object.fromEntries(chosen.map(({ name }) => [name, reports.get(name) as Json]));
        const finalize = async (): Promise<PassRecord> => {
          await Promise.all(chosen.map(({ parameter }) => settle(parameter)));
          return { config, summary, details };
        };
        return { model, finalize };
      },
    };
  }

  async function quantizeParameter(each: NamedParameter, energy: InputEnergy | undefined): Promise<Json> {
    const { name, parameter } = each;
    const values = await readWeights(place, each);
    const found = findScales(
      values,
      granularity === 'channel' ? (parameter.tensor.shape[0] ?? 1) : 1,
      format,
      observer,
    );
    if (energy?.some((value) => !Number.isFinite(value)))
      throw new RecipeError(
        place,
        `the inputs of ${name} are not finite on the examples to calibrate on; look at the data`,
      );
    const scales = energy ? refineScales(values, found, format, parameter.tensor.shape, energy) : found;
    const view = setQuantization(parameter, format, scales);
    return { scales: scales.length, relativeError: relativeError(values, view.decode(view.encode(values))) };
  }

  return { config, needs: examples > 0 ? 'calibration' : 'nothing', effects: ['numbers'], plan };
}

/** How many examples to calibrate on; 0 for none. */
function calibrationExamples(place: string, wanted: QuantizeOptions['calibrate']): number {
  if (wanted === undefined || typeof wanted === 'boolean') return wanted ? 256 : 0;
  optionsOf(`${place}.calibrate`, wanted, ['examples']);
  integerOption(place, 'calibrate.examples', wanted.examples, 1);
  return wanted.examples;
}

/** ‖a - b‖² / ‖a‖²; 0 for an empty or zero tensor that did not change. */
export function relativeError(before: Float32Array, after: Float32Array): number {
  let difference = 0;
  let size = 0;
  for (const [index, value] of before.entries()) {
    difference += (value - (after[index] as number)) ** 2;
    size += value ** 2;
  }
  return size === 0 ? difference : difference / size;
}
