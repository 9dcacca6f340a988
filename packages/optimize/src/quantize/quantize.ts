/** The quantization pass. */
import type { Dataset, Json, Module } from '@espalier/nn';
import { RecipeError } from '../errors.ts';
import { integerOption, oneOf, optionsOf } from '../recipe/options.ts';
import type { Pass, PassContext, PassPlan, PassRecord, StepConfig } from '../recipe/pass.ts';
import { checkTraining, trainedFor } from '../recipe/training.ts';
import type { TrainingRecord } from '../recipe/training-config.ts';
import { checkFilter, selectParameters, type NamedParameter } from '../selection/parameter-filter.ts';
import { assignValues, readWeights } from '../selection/weights.ts';
import { activationsOf, hasActivations, roundActivations } from './activations/round-activations.ts';
import { biasedModules, correctBiases, outputMeans } from './bias-correction.ts';
import { calibrate, refineScales, type CalibrationVisitor, type InputEnergy } from './calibration.ts';
import { quote } from '../quote.ts';
import { decodeValues, encodeValues, runsOf, scaleCount } from './codes.ts';
import { groupFitting, isDepthwise, relativeError } from './fitting.ts';
import { roundKeepingSums } from './keep-sums.ts';
import { firstSteps } from './learned-steps.ts';
import { numberFormat, numberFormats, type WeightFormat } from './number-format.ts';
import { checkObserver } from './observers/observers.ts';
import type { Granularity, QuantizeOptions } from './options.ts';
import { findScales } from './quantize-tensor.ts';
import { setQuantization } from './quantize-view.ts';
import { settle } from './settle.ts';
import { learnedSteps, learnRounding, learnSteps, settleSteps } from './train-steps.ts';

const optionNames = [
  'weights',
  'activations',
  'train',
  'steps',
  'correctBiases',
  'granularity',
  'group',
  'zeros',
  'keepSums',
  'observer',
  'calibrate',
  'include',
  'exclude',
] as const;

/**
 * Rounds weights to the whole numbers of a format, with a scale for each tensor, output channel or group of weights. Biases and norms stay
 * as they are. The scales cover the weights as they are when the pass comes; the model then computes with exactly the
 * numbers that a saved file holds, and pruned weights stay exactly 0. With `activations`, linear layers and convolutions
 * multiply whole numbers: static scales are found layer by layer, on what the layers give that were rounded before. With `train`
 * the same options say what is trained: the model computes with rounded numbers from the first step on.
 * @throws {RecipeError} for options it does not know.
 *
 * @example
 * quantize({ weights: 'int8', activations: 'static' })
 * quantize({ weights: 'int2', train: { epochs: 5 } })
 */
export function quantize(options: QuantizeOptions = {}): Pass {
  const place = 'quantize';
  optionsOf(place, options, optionNames);
  const { weights: format = 'int8', zeros = false } = options;
  const { granularity = options.group === undefined ? 'channel' : 'group' } = options;
  const observer = checkObserver(place, options.observer);
  const activations = activationsOf(place, options.activations);
  oneOf<WeightFormat>(place, 'weights', format, numberFormats);
  oneOf<Granularity>(place, 'granularity', granularity, ['tensor', 'channel', 'group', 'fitting']);
  const group = groupOf(place, granularity, options.group);
  if (typeof zeros !== 'boolean') throw new RecipeError(place, `zeros is ${quote(zeros)}; it must be true or false`);
  const isFitting = granularity === 'fitting';
  const { keepSums = isFitting } = options;
  if (typeof keepSums !== 'boolean')
    throw new RecipeError(place, `keepSums is ${quote(keepSums)}; it must be true or false`);
  checkFilter(place, options);
  const { train, steps = train ? 'learned' : 'fixed' } = options;
  checkTraining(place, train);
  oneOf<'fixed' | 'learned'>(place, 'steps', steps, ['fixed', 'learned']);
  const isLearned = steps === 'learned';
  const isTrained = isLearned || train !== undefined;
  const forWeights = calibrationExamples(place, 'calibrate', options.calibrate);
  const forBiases = calibrationExamples(place, 'correctBiases', options.correctBiases);
  const examples = Math.max(forWeights, activations?.examples ?? 0, forBiases);
  const config: StepConfig = { type: 'quantize', ...(options as object as { readonly [option: string]: Json }) };

  async function plan(model: Module, { data, signal }: PassContext): Promise<PassPlan> {
    const chosen = chosenOf(model);
    if (examples > 0 && !data?.train)
      throw new RecipeError(place, 'calibrates, and there is no training data; give data.train');
    const seen = Math.min(examples, data?.train?.size ?? 0);
    if (examples > 0 && seen === 0) throw new RecipeError(place, 'calibrates, and data.train has no example');
    for (const each of chosen) await readWeights(place, each);
    const rounded = activations ? chosen.filter((each) => hasActivations(model, each)) : [];
    if (activations && rounded.length === 0)
      throw new RecipeError(
        place,
        'rounds activations, but no layer multiplies them with what is chosen; leave activations out',
      );
    const ofActivations = activations ? ` with ${activations.type} activations of 8 bits` : '';
    const by = isFitting ? 'channel, or by group where that fits better' : granularity;
    const share = `${group === undefined ? by : `groups of ${group}`}${zeros ? ' with zero points' : ''}`;
    const summary = `round the weights of ${chosen.length} tensors to ${format} by ${share}${ofActivations}${examples > 0 ? `, calibrated on ${seen} ${seen === 1 ? 'example' : 'examples'}` : ''}`;
    return {
      summary,
      apply: async () => {
        const reports = new Map<string, Json>();
        const means = forBiases > 0 && data?.train ? await meansOf(model, data.train) : undefined;
        const round: CalibrationVisitor = async (each, energy, watch) => {
          const report = await quantizeParameter(each, forWeights > 0 ? energy : undefined);
          const ofInputs =
            activations && rounded.includes(each) ? await roundActivations(place, each, activations, watch) : undefined;
          if (isLearned) learnRounding(each.parameter);
          const correction =
            means && data?.train ? await correctBiases(model, each, means, data.train, forBiases) : undefined;
          reports.set(each.name, {
            ...report,
            ...(ofInputs !== undefined && { activations: ofInputs }),
            ...(correction !== undefined && { biasCorrection: correction }),
          });
        };
        if (data?.train && examples > 0)
          await calibrate(model, chosen, { data: data.train, count: examples, signal }, round);
        else await Promise.all(chosen.map((each) => round(each, undefined, unwatched)));
        const details = Object.fromEntries(chosen.map(({ name }) => [name, reports.get(name) as Json]));
        const finalize = async (training?: TrainingRecord): Promise<PassRecord> => {
          for (const { parameter } of chosen) await settleSteps(parameter, format);
          await Promise.all(chosen.map(({ parameter }) => settle(parameter)));
          return { config, summary: `${summary}${trainedFor(training)}`, details };
        };
        const companions = isLearned ? new Map([['steps', learnedSteps(chosen)]]) : undefined;
        return { model, finalize, ...(isTrained && { training: { ...(companions && { companions }) } }) };
      },
    };
  }

  /** What is rounded: by what fits, all but depthwise convolutions, unless there is nothing else. */
  function chosenOf(model: Module): NamedParameter[] {
    const all = selectParameters(place, model, options);
    const others = isFitting ? all.filter((each) => !isDepthwise(model, each)) : all;
    return others.length > 0 ? others : all;
  }

  /** The means of outputs before anything is rounded. */
  function meansOf(model: Module, data: Dataset): Promise<Map<string, Float64Array>> {
    const names = chosenOf(model).flatMap((each) => biasedModules(model, each).map(([name]) => name));
    return outputMeans(model, new Set(names), data, forBiases);
  }

  async function quantizeParameter(
    each: NamedParameter,
    energy: InputEnergy | undefined,
  ): Promise<{ readonly [figure: string]: Json }> {
    const { name, parameter } = each;
    const values = await readWeights(place, each);
    const [rows = 1] = parameter.shape;
    const columns = rows === 0 ? 0 : values.length / rows;
    const numbers = numberFormat(format);
    const own = isFitting ? groupFitting(values, columns, { numbers, observer, zeros }) : group;
    const count = granularity === 'tensor' ? 1 : scaleCount(rows, columns, own);
    const runs = runsOf(values.length, columns, count, own);
    const found = findScales(values, runs, numbers, observer, zeros);
    const beside = { ...(found.zeros && { zeros: found.zeros }), ...(own !== undefined && { group: own }) };
    if (isLearned) {
      // With zero points the range begins where they were found.
      const first = zeros ? found.scales : firstSteps(values, runs, format);
      learnSteps(parameter, format, first, beside);
      const scaling = { scales: first, ...beside };
      const back = decodeValues(encodeValues(values, scaling, numbers, columns), scaling, columns);
      return { scales: count, relativeError: relativeError(values, back) };
    }
    if (energy?.some((value) => !Number.isFinite(value)))
      throw new RecipeError(
        place,
        `the inputs of ${name} are not finite on the examples to calibrate on; look at the data`,
      );
    const scales = energy ? refineScales(values, found.scales, format, parameter.shape, energy, beside) : found.scales;
    if (keepSums) assignValues(each, roundKeepingSums(values, { scales, ...beside }, numbers, columns));
    const view = setQuantization(parameter, format, scales, beside);
    const back = view.decode(view.encode(await readWeights(place, each)));
    return { scales: scales.length, relativeError: relativeError(values, back) };
  }

  const needs = isTrained ? 'training' : examples > 0 ? 'calibration' : 'nothing';
  return { config, train, needs, effects: isTrained ? ['weights', 'numbers'] : ['numbers'], plan };
}

/** How many weights share a scale, where that is by group. */
function groupOf(place: string, granularity: Granularity, group: number | undefined): number | undefined {
  if (granularity !== 'group') {
    if (group !== undefined)
      throw new RecipeError(place, `has a group and the granularity ${granularity}; leave one of the two out`);
    return undefined;
  }
  if (group === undefined) return 32;
  integerOption(place, 'group', group, 1);
  return group;
}

/** Where no examples are needed, none are watched. */
const unwatched = (): Promise<void> => Promise.resolve();

/** How many examples to calibrate on; 0 for none. */
function calibrationExamples(place: string, name: string, wanted: QuantizeOptions['calibrate']): number {
  if (wanted === undefined || typeof wanted === 'boolean') return wanted ? 256 : 0;
  optionsOf(`${place}.${name}`, wanted, ['examples']);
  integerOption(place, `${name}.examples`, wanted.examples, 1);
  return wanted.examples;
}
