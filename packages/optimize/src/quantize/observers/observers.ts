/** Observers by name. */
import { ArgumentError } from '@espalier/tensor';
import { anObject, check, ruleOf, type Rule } from '@espalier/tensor/arguments';
import { quote } from '../../quote.ts';
import { oneOf, optionsOf } from '../../recipe/options.ts';
import { EntropyObserver, ErrorObserver, PercentileObserver } from './clipping.ts';
import { MinMaxObserver, MovingAverageObserver, type Observer } from './observer.ts';

/** Which observer, as JSON. */
export type ObserverConfig =
  | { readonly type: 'min-max' }
  | {
      readonly type: 'moving-average';
      /** The share of what was seen before that each piece leaves. Default: 0.9. */
      readonly momentum?: number;
    }
  | {
      readonly type: 'percentile';
      /** The share of values to cover, in per cent; the rest are clipped. Default: 99.99. */
      readonly percentile?: number;
    }
  | {
      readonly type: 'mse';
      /** The power of the errors that are added up. Default: 2.4. */
      readonly norm?: number;
    }
  | { readonly type: 'entropy' };

const aPercentile: Rule<number> = ruleOf(
  'a number above 50 and at most 100',
  (value) => typeof value === 'number' && value > 50 && value <= 100,
);
const aMomentum: Rule<number> = ruleOf(
  'a number of at least 0 and below 1',
  (value) => typeof value === 'number' && value >= 0 && value < 1,
);
const aNorm: Rule<number> = ruleOf(
  'a number from 1 to 8',
  (value) => typeof value === 'number' && value >= 1 && value <= 8,
);

interface ObserverType<Type extends ObserverConfig['type']> {
  /** The names of its options. */
  readonly options: readonly string[];
  readonly make: (config: ObserverConfig & { type: Type }) => Observer;
}

const types: { readonly [Type in ObserverConfig['type']]: ObserverType<Type> } = {
  'min-max': { options: [], make: () => new MinMaxObserver() },
  'moving-average': {
    options: ['momentum'],
    make: ({ momentum = 0.9 }) => new MovingAverageObserver(check('quantize', 'momentum', momentum, aMomentum)),
  },
  percentile: {
    options: ['percentile'],
    make: ({ percentile = 99.99 }) => new PercentileObserver(check('quantize', 'percentile', percentile, aPercentile)),
  },
  mse: { options: ['norm'], make: ({ norm = 2.4 }) => new ErrorObserver(check('quantize', 'norm', norm, aNorm)) },
  entropy: { options: [], make: () => new EntropyObserver() },
};

/** The names of the observers. */
export const observerTypes: readonly ObserverConfig['type'][] = Object.keys(types) as ObserverConfig['type'][];

/**
 * What options say of an observer.
 * @throws {RecipeError} for what is none.
 */
export function checkObserver(
  place: string,
  given: ObserverConfig['type'] | ObserverConfig | undefined,
): ObserverConfig {
  const config = typeof given === 'object' ? given : ({ type: given ?? 'min-max' } as ObserverConfig);
  optionsOf(`${place}.observer`, config, ['type', ...Object.values(types).flatMap(({ options }) => options)]);
  oneOf(place, 'observer', config.type, observerTypes);
  optionsOf(`${place}.observer`, config, ['type', ...types[config.type].options]);
  createObserver(config);
  return config;
}

/**
 * An observer from its configuration.
 * @throws {ArgumentError} for a type it does not know, and for options that are out of bounds.
 */
export function createObserver(config: ObserverConfig): Observer {
  check<object>('quantize', 'the observer', config, anObject);
  if (!observerTypes.includes(config.type))
    throw new ArgumentError(
      'quantize',
      `the observer is ${quote(config.type)}; it must be one of ${observerTypes.join(', ')}`,
    );
  const { make } = types[config.type] as { readonly make: (of: ObserverConfig) => Observer };
  return make(config);
}
