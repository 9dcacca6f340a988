/**
 * Rotary positions: pairs of features of queries and keys are turned by an angle that grows with the position, so that their
 * products depend on distances alone. Source: J. Su et al., "RoFormer: enhanced transformer with rotary position embedding",
 * 2021, arXiv:2104.09864. Pairs are a feature of the first half and the one in its place in the second half.
 */
import { concat, fromTyped, keep, type Device, type Tensor } from '@espalier/tensor';
import { aPositiveInteger, check } from '@espalier/tensor/arguments';
import { integer, optional, parseFields, real, type Field, type Fields } from '../config/fields.ts';
import { ConfigError } from '../errors.ts';
import {
  aScaling,
  boundOf,
  orNull,
  plainly,
  powers,
  scales,
  type RotaryScaling,
  type Scale,
  type Turning,
} from './rotary-scaling.ts';

/** Options of rotary positions. */
export interface RotaryOptions {
  /** Of the wavelengths. Default: 10,000. */
  readonly base?: number;
  /** Features of each head that are turned, the first ones. Default: 0, which stands for all. */
  readonly width?: number;
  /** Default: null, for none. */
  readonly scaling?: RotaryScaling | null;
}

const fields: Fields<RotaryOptions> = {
  base: optional(real({ above: 1 }), 10_000),
  width: optional(integer(0), 0),
  scaling: optional<RotaryScaling | null>(orNull(aScaling), null),
};

/** Rotary positions in JSON, or null for none. */
export const rotaryField: Field<RotaryOptions | null> = orNull({
  parse: (value, where) => parseFields<RotaryOptions>(where, fields, value),
});

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
  turning(length: number): Turning {
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
export function rotaryFrequencies(options: RotaryOptions, headWidth: number, length = 1): Turning {
  check('rotaryFrequencies', 'headWidth', headWidth, aPositiveInteger);
  check('rotaryFrequencies', 'length', length, aPositiveInteger);
  const parsed = rotaryField.parse(options, 'rotary') ?? {};
  return new Rotary('rotaryFrequencies', parsed, headWidth).turning(length);
}
