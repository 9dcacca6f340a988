/** Rounding what a weight is multiplied with, as options say. */
import type { Json, Module } from '@espalier/nn';
import type { InputWatch } from '../../calibration/visit-inputs.ts';
import { RecipeError } from '../../errors.ts';
import { integerOption, oneOf, optionsOf } from '../../recipe/options.ts';
import { quote } from '../../quote.ts';
import type { NamedParameter } from '../../selection/parameter-filter.ts';
import { channelAxis, isMultiplied } from '../calibration.ts';
import { affineOf } from '../number-format.ts';
import { checkObserver, createObserver, type ObserverConfig } from '../observers/observers.ts';
import { DynamicRounding, isRoundedInput, StaticRounding, type RoundedInput } from './rounded-input.ts';

/** How activations are rounded to 8 bits. */
export interface ActivationOptions {
  /** `dynamic`: each row with a scale of its own, found when it is there; `static`: by a scale that examples of the training data show. */
  readonly type: 'dynamic' | 'static';
  /** How the range of static scales is found. Default: `min-max`. */
  readonly observer?: ObserverConfig['type'] | ObserverConfig;
  /** Whether static scales have a zero point, so that their range need not lie around 0. Default: true. */
  readonly zeros?: boolean;
  /** On how many examples static scales are found. Default: 1,024. */
  readonly examples?: number;
}

/** The options, checked, with what was left out; nothing where activations stay as they are. */
export interface Activations {
  readonly type: 'dynamic' | 'static';
  readonly observer: ObserverConfig;
  readonly zeros: boolean;
  /** 0 where no examples are needed. */
  readonly examples: number;
}

/**
 * What options say of activations.
 * @throws {RecipeError} for what they cannot be.
 */
export function activationsOf(
  place: string,
  given: ActivationOptions['type'] | ActivationOptions | undefined,
): Activations | undefined {
  if (given === undefined) return undefined;
  const options: ActivationOptions = typeof given === 'string' ? { type: given } : given;
  const where = `${place}.activations`;
  optionsOf(where, options, ['type', 'observer', 'zeros', 'examples']);
  const { type, zeros = true, examples = 1024 } = options;
  oneOf(place, 'activations', type, ['dynamic', 'static']);
  const observer = checkObserver(where, options.observer);
  if (typeof zeros !== 'boolean') throw new RecipeError(where, `zeros is ${quote(zeros)}; it must be true or false`);
  integerOption(where, 'examples', examples, 1);
  const own = Object.keys(options).find((name) => name !== 'type');
  if (type === 'dynamic' && own !== undefined)
    throw new RecipeError(where, `dynamic scales are found as they are needed, without ${own}; leave it out`);
  return { type, observer, zeros, examples: type === 'static' ? examples : 0 };
}

/** Whether a module of a model multiplies with a parameter, so that there are activations to round. */
export function hasActivations(model: Module, { parameter }: NamedParameter): boolean {
  for (const module of model.namedModules().values())
    if (isMultiplied(module))
      for (const { identity } of module.namedParameters({ own: true }).values())
        if (identity === parameter.identity) return true;
  return false;
}

/** Rounds what a weight is multiplied with, and says by what; `watch` shows what that is. */
export async function roundActivations(
  place: string,
  { name, parameter }: NamedParameter,
  options: Activations,
  watch: (watch: InputWatch) => Promise<void>,
): Promise<Json> {
  const { inputs } = parameter;
  const others = inputs.filter((view) => !isRoundedInput(view));
  inputs.splice(0, inputs.length, ...others);
  const view: RoundedInput =
    options.type === 'dynamic' ? new DynamicRounding() : await staticRounding(place, name, others, options, watch);
  inputs.push(view);
  return view instanceof StaticRounding ? { scale: view.scale, zero: view.zero } : 'dynamic';
}

async function staticRounding(
  place: string,
  name: string,
  before: NamedParameter['parameter']['inputs'],
  { observer: config, zeros }: Activations,
  watch: (watch: InputWatch) => Promise<void>,
): Promise<StaticRounding> {
  const observer = createObserver(config);
  let isFinite = true;
  await watch({
    batchSize: 32,
    of: (input, module) =>
      before.reduce((seen, view) => view.apply(seen, channelAxis(module, input)), input).cast('f32'),
    take: (values) => {
      isFinite &&= values.every((value) => Number.isFinite(value));
      observer.observe(values);
    },
  });
  if (!isFinite)
    throw new RecipeError(
      place,
      `the inputs of ${name} are not finite on the examples to calibrate on; look at the data, or exclude ${name}`,
    );
  const codes = { minimum: zeros ? -128 : -127, maximum: 127, zeros };
  return new StaticRounding(affineOf(observer.range(codes), codes));
}
