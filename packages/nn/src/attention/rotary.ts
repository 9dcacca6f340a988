/**
 * Rotary positions: pairs of features of queries and keys are turned by an angle that grows with the position, so that their
 * products depend on distances alone. Source: J. Su et al., "RoFormer: enhanced transformer with rotary position embedding",
 * 2021, arXiv:2104.09864. Pairs are a feature of the first half and the one in its place in the second half.
 */
import { concat, fromTyped, keep, type Device, type Tensor } from '@espalier/tensor';
import { aPositiveInteger, check } from '@espalier/tensor/arguments';
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

/** Options of rotary positions. */
export interface RotaryOptions {
  /** Of the wavelengths. Default: 10,000. */
  readonly base?: number;
  /** Features of each head that are turned, the first ones. Default: 0, which stands for all. */
  readonly width?: number;
  /** Default: null, for none. */
  readonly scaling?: RotaryScaling | null;
}

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

function orNull<T>(field: Field<T>): Field<T | null> {
  return { parse: (value, where) => (value === null ? null : field.parse(value, where)) };
}

const aScaling: Field<RotaryScaling> = {
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

const fields: Fields<RotaryOptions> = {
  base: optional(real({ above: 1 }), 10_000),
  width: optional(integer(0), 0),
  scaling: optional<RotaryScaling | null>(orNull(aScaling), null),
};

/** Rotary positions in JSON, or null for none. */
export const rotaryField: Field<RotaryOptions | null> = orNull({
  parse: (value, where) => parseFields<RotaryOptions>(where, fields, value),
});

/** What turns a head: how fast each pair does, and what comes of it is multiplied by. */
interface Turning {
  readonly frequencies: Float64Array;
  readonly attention: number;
}

type Scale = (
  plain: Float64Array,
  at: { readonly base: number; readonly width: number; readonly length: number },
) => Turning;

const plainly = (frequencies: Float64Array): Turning => ({ frequencies, attention: 1 });
const powers = (base: number, width: number): Float64Array =>
  Float64Array.from({ length: width / 2 }, (_, pair) => base ** ((-2 * pair) / width));

/** How each scaling changes frequencies, in doubles; for the formulas see the sources named above. */
const scales: { readonly [Type in RotaryScaling['type']]: (scaling: Extract<RotaryScaling, { type: Type }>) => Scale } =
  {
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
function boundOf(scaling: RotaryScaling | null | undefined): number {
  if (scaling?.type === 'dynamic') return scaling.context;
  return scaling?.type === 'factors' && scaling.long && scaling.context ? scaling.context : Infinity;
}

/** Cosines and sines of angles: [positions, pairs], or [..., 1, positions, pairs] where each sequence has its own positions. */
export interface Angles {
  readonly cosines: Tensor;
  readonly sines: Tensor;
}

/** Tables of so many positions, kept while few others were asked for since; whoever computes with one holds it. */
const tables = new WeakMap<Device, Map<string, Angles>>();
const mostTables = 16;
const leastPositions = 256;

/** Turns heads of one width. */
export class Rotary {
  readonly #width: number;
  readonly #base: number;
  readonly #scaling: RotaryScaling | null;
  /** The longest whole sequence that all positions of are turned alike, however long it gets. */
  readonly bound: number;

  /** @throws {ConfigError} for heads of a width that is not turned in pairs, and factors that are not one for each pair. */
  constructor(operation: string, options: RotaryOptions, headWidth: number) {
    const { base = 10_000, width = 0, scaling = null } = options;
    this.#width = width === 0 ? headWidth : width;
    this.#base = base;
    this.#scaling = scaling;
    this.bound = boundOf(scaling);
    if (this.#width % 2 !== 0 || this.#width > headWidth)
      throw new ConfigError(
        `${operation}.rotary.width`,
        `is ${this.#width}; pairs of features of heads ${headWidth} wide are turned: give an even number up to that`,
      );
    if (scaling?.type !== 'factors') return;
    for (const each of [scaling.short, scaling.long ?? scaling.short])
      if (each.length !== this.#width / 2)
        throw new ConfigError(
          `${operation}.rotary.scaling`,
          `has ${each.length} factors for ${this.#width / 2} pairs; give one for each`,
        );
  }

  /** Frequencies of pairs, and the factor, for whole sequences of a length. */
  turning(length: number): { readonly frequencies: Float64Array; readonly attention: number } {
    const at = { base: this.#base, width: this.#width, length };
    const plain = powers(at.base, at.width);
    const scaling = this.#scaling;
    return scaling ? (scales[scaling.type] as (scaling: RotaryScaling) => Scale)(scaling)(plain, at) : plainly(plain);
  }

  /** Of the first positions of whole sequences of a length: computed in doubles, stored as f32. */
  #table(count: number, length: number, device: Device): Angles {
    const size = Math.max(leastPositions, 2 ** Math.ceil(Math.log2(count)));
    const key = JSON.stringify([this.#base, this.#width, this.#scaling, size, length > this.bound ? length : 0]);
    const known = tables.get(device) ?? new Map<string, Angles>();
    tables.set(device, known);
    const found = known.get(key) ?? this.#makeTable(size, length, device);
    known.delete(key);
    known.set(key, found);
    for (const oldest of known.keys()) if (known.size > mostTables) known.delete(oldest);
    return found;
  }

  #makeTable(size: number, length: number, device: Device): Angles {
    const { frequencies, attention: multiplier } = this.turning(length);
    const pairs = frequencies.length;
    const of = (wave: (angle: number) => number): Tensor => {
      const values = Float32Array.from(
        { length: size * pairs },
        (_, at) => multiplier * wave(Math.floor(at / pairs) * (frequencies[at % pairs] as number)),
      );
      return keep(fromTyped(values, [size, pairs], { device }));
    };
    return { cosines: of(Math.cos), sines: of(Math.sin) };
  }

  /** The angles of the first positions of a sequence. */
  first(count: number, device: Device): Angles {
    const { cosines, sines } = this.#table(count, count, device);
    return { cosines: cosines.narrow(0, 0, count), sines: sines.narrow(0, 0, count) };
  }

  /** The angles of positions, integers below `size`. */
  at(positions: Tensor, size: number): Angles {
    const { cosines, sines } = this.#table(size, Math.min(size, this.bound), positions.device);
    const each = (table: Tensor): Tensor => {
      const taken = table.take(positions);
      return positions.rank === 1 ? taken : taken.unsqueeze(-3);
    };
    return { cosines: each(cosines), sines: each(sines) };
  }

  /** Heads [..., positions, width], turned. */
  turn(x: Tensor, { cosines, sines }: Angles): Tensor {
    const half = this.#width / 2;
    const [cos, sin] = [cosines.cast(x.dtype), sines.cast(x.dtype)];
    const [a, b] = [x.narrow(-1, 0, half), x.narrow(-1, half, half)];
    const rest = (x.shape.at(-1) as number) - this.#width;
    const turned = [a.mul(cos).sub(b.mul(sin)), b.mul(cos).add(a.mul(sin))];
    return concat(rest === 0 ? turned : [...turned, x.narrow(-1, this.#width, rest)], -1);
  }
}

/**
 * By how much each pair of features of a head is turned from one position to the next, in radians, and what sines and cosines are
 * multiplied by, for sequences of a length; that matters where scaling says so.
 * @throws {ConfigError} for options that are wrong.
 */
export function rotaryFrequencies(
  options: RotaryOptions,
  headWidth: number,
  length = 1,
): { readonly frequencies: Float64Array; readonly attention: number } {
  check('rotaryFrequencies', 'headWidth', headWidth, aPositiveInteger);
  check('rotaryFrequencies', 'length', length, aPositiveInteger);
  const parsed = rotaryField.parse(options, 'rotary') ?? {};
  return new Rotary('rotaryFrequencies', parsed, headWidth).turning(length);
}
