/**
 * How angles of rotary positions are made for sequences that are longer than those that a model was trained with: scalings, each with
 * its options and what it makes of frequencies.
 */
import { integer, optional, parseFields, real, show, truth, type Field, type Fields } from '../config/fields.ts';
import { ConfigError } from '../errors.ts';
import { isRecord } from '../json.ts';

/** Angles are those of positions divided by a factor. */
interface Linear {
  readonly type: 'linear';
  readonly factor: number;
}

/** Beyond `context` positions the base grows with the length of the whole sequence. */
interface Dynamic {
  readonly type: 'dynamic';
  readonly factor: number;
  readonly context: number;
}

/** Long waves are those of linear scaling, short ones stay, and those between are between. */
interface Llama3 {
  readonly type: 'llama3';
  readonly factor: number;
  /** How many wavelengths have to fit in `context` for one to be called long, and short. */
  readonly low?: number;
  readonly high?: number;
  readonly context: number;
}

/** As `llama3` along a ramp over features. Source: B. Peng et al., "YaRN", 2023, arXiv:2309.00071. */
interface Yarn {
  readonly type: 'yarn';
  readonly factor: number;
  readonly context: number;
  /** Turns within `context` above which a feature stays, and below which it is scaled. */
  readonly fast?: number;
  readonly slow?: number;
  /** What sines and cosines are multiplied by. 0, the default, stands for 0.1 · ln factor + 1. */
  readonly attention?: number;
  /** Whether the ramp begins and ends at whole features. */
  readonly truncate?: boolean;
}

/** Frequencies divided by factors of their own: some up to `context` positions, others for sequences longer than that. */
interface Factors {
  readonly type: 'factors';
  readonly short: readonly number[];
  /** Default: the same. */
  readonly long?: readonly number[] | null;
  /** Default: 0, for any length. */
  readonly context?: number;
  /** What sines and cosines are multiplied by. Default: 1. */
  readonly attention?: number;
}

/** How angles of long sequences are made of those that a model was trained with. */
export type RotaryScaling = Linear | Dynamic | Llama3 | Yarn | Factors;

const factor = real({ above: 0 });
const context = integer(1);
const attention = real({ least: 0 });
const someFactors: Field<readonly number[]> = {
  parse: (value, where) => {
    if (Array.isArray(value) && value.length > 0 && value.every((each) => Number.isFinite(each) && each > 0))
      return value as number[];
    throw new ConfigError(where, `is ${show(value)}; it must be a list of numbers above 0`);
  },
};

type Untyped<Scaling> = Omit<Scaling, 'type'>;
const scalings: { readonly [Type in RotaryScaling['type']]: Fields<Untyped<Extract<RotaryScaling, { type: Type }>>> } =
  {
    linear: { factor },
    dynamic: { factor, context },
    llama3: { factor, low: optional(factor, 1), high: optional(factor, 4), context },
    yarn: {
      factor,
      context,
      fast: optional(factor, 32),
      slow: optional(factor, 1),
      attention: optional(attention, 0),
      truncate: optional(truth, true),
    },
    factors: {
      short: someFactors,
      long: optional<readonly number[] | null>(orNull(someFactors), null),
      context: optional(integer(0), 0),
      attention: optional(attention, 1),
    },
  };

/** What a field takes, or null. */
export function orNull<T>(field: Field<T>): Field<T | null> {
  return { parse: (value, where) => (value === null ? null : field.parse(value, where)) };
}

/** A scaling in JSON. */
export const aScaling: Field<RotaryScaling> = {
  parse: (value, where) => {
    const type: unknown = isRecord(value) ? value['type'] : undefined;
    if (typeof type !== 'string' || !Object.hasOwn(scalings, type))
      throw new ConfigError(
        where,
        `is ${show(value)}; it must have one of the types ${Object.keys(scalings).join(', ')}`,
      );
    const fields = scalings[type as RotaryScaling['type']] as Fields<Untyped<RotaryScaling>>;
    return { type, ...parseFields(where, fields, value) } as RotaryScaling;
  },
};

/** What turns a head: how fast each pair does, and what comes of it is multiplied by. */
export interface Turning {
  readonly frequencies: Float64Array;
  readonly attention: number;
}

/** What a scaling makes of plain frequencies, for sequences of a length. */
export type Scale = (
  plain: Float64Array,
  at: { readonly base: number; readonly width: number; readonly length: number },
) => Turning;

/** Frequencies as they are. */
export const plainly = (frequencies: Float64Array): Turning => ({ frequencies, attention: 1 });
/** Frequencies of pairs, without scaling. */
export const powers = (base: number, width: number): Float64Array =>
  Float64Array.from({ length: width / 2 }, (_, pair) => base ** ((-2 * pair) / width));

/** How each scaling changes frequencies, in doubles; for the formulas see the sources named above. */
export const scales: {
  readonly [Type in RotaryScaling['type']]: (scaling: Extract<RotaryScaling, { type: Type }>) => Scale;
} = {
  linear: (scaling) => (plain) => plainly(plain.map((each) => each / scaling.factor)),
  dynamic:
    (scaling) =>
    (plain, { base, width, length }) => {
      if (length <= scaling.context) return plainly(plain);
      const grown = (scaling.factor * length) / scaling.context - (scaling.factor - 1);
      return plainly(powers(base * grown ** (width / (width - 2)), width));
    },
  llama3:
    ({ factor: by, low = 1, high = 4, context: trained }) =>
    (plain) =>
      plainly(
        plain.map((each) => {
          const fitting = (trained * each) / (2 * Math.PI);
          if (fitting > high) return each;
          if (fitting < low) return each / by;
          const share = (fitting - low) / (high - low);
          return ((1 - share) * each) / by + share * each;
        }),
      ),
  yarn:
    (scaling) =>
    (plain, { base, width }) => {
      const { factor: by, context: trained, fast = 32, slow = 1, attention: given = 0, truncate = true } = scaling;
      const pairOf = (turns: number): number =>
        (width * Math.log(trained / (turns * 2 * Math.PI))) / (2 * Math.log(base));
      const [first, last] = truncate
        ? [Math.floor(pairOf(fast)), Math.ceil(pairOf(slow))]
        : [pairOf(fast), pairOf(slow)];
      const [begin, end] = [Math.max(first, 0), Math.min(last, width - 1)];
      const frequencies = plain.map((each, pair) => {
        const ramp = Math.min(1, Math.max(0, (pair - begin) / (end === begin ? 0.001 : end - begin)));
        return (each / by) * ramp + each * (1 - ramp);
      });
      return { frequencies, attention: given === 0 ? (by <= 1 ? 1 : 0.1 * Math.log(by) + 1) : given };
    },
  factors:
    ({ short, long, context: trained = 0, attention: given = 1 }) =>
    (plain, { length }) => {
      const used = long && trained > 0 && length > trained ? long : short;
      return { frequencies: plain.map((each, pair) => each / (used[pair] as number)), attention: given };
    },
};

/** Whether frequencies depend on how long the whole sequence is, and beyond how many positions. */
export function boundOf(scaling: RotaryScaling | null | undefined): number {
  if (scaling?.type === 'dynamic') return scaling.context;
  return scaling?.type === 'factors' && scaling.long && scaling.context ? scaling.context : Infinity;
}
