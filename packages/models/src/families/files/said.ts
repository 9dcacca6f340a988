/** Reading what a file says of a model, key by key: what is wrong is named, and what nobody asked for is known. */
import { FormatError, type Json } from '@espalier/nn';
import { showName } from '@espalier/nn/arguments';
import { show } from '@espalier/tensor/arguments';
import type { Description } from '../../huggingface/model-folder.ts';

interface Kind<T> {
  readonly holds: (value: Json) => boolean;
  readonly is: string;
  readonly of?: T;
}

const count: Kind<number> = {
  holds: (value) => Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= 2 ** 24,
  is: 'a whole number of at least 1',
};
const whole: Kind<number> = {
  holds: (value) => Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= 2 ** 24,
  is: 'a whole number of at least 0',
};
const real: Kind<number> = { holds: (value) => Number.isFinite(value), is: 'a number' };
const truth: Kind<boolean> = { holds: (value) => typeof value === 'boolean', is: 'true or false' };
const text: Kind<string> = { holds: (value) => typeof value === 'string', is: 'a text' };
const reals: Kind<readonly number[]> = {
  holds: (value) => Array.isArray(value) && value.every((each) => Number.isFinite(each)),
  is: 'a list of numbers',
};
const texts: Kind<readonly string[]> = {
  holds: (value) => Array.isArray(value) && value.every((each) => typeof each === 'string'),
  is: 'a list of texts',
};

/** An object of a description. What is null is not there. */
export class Said {
  /** Where it is, for errors. */
  readonly source: string;
  readonly #values: Description;
  readonly #place: string;
  readonly #asked = new Set<string>();

  constructor(source: string, values: Description, place = '') {
    this.source = source;
    this.#values = values;
    this.#place = place;
  }

  /** @throws {FormatError} always. */
  refuse(key: string, problem: string): never {
    throw new FormatError(this.source, 0, `${showName(this.#place + key)} ${problem}`);
  }

  /** Whether it is there, and not null. */
  has(key: string): boolean {
    this.#asked.add(key);
    return Object.hasOwn(this.#values, key) && this.#values[key] !== null;
  }

  /** Whether nothing is what it says. */
  isNull(key: string): boolean {
    this.#asked.add(key);
    return this.#values[key] === null;
  }

  /** What it is, whatever that is; undefined where it is not there. */
  any(key: string): Json | undefined {
    return this.has(key) ? this.#values[key] : undefined;
  }

  #find<T>(key: string, kind: Kind<T>, fallback: T | undefined): T {
    const value = this.any(key);
    if (value === undefined) return fallback ?? this.refuse(key, `is missing; it must be ${kind.is}`);
    if (!kind.holds(value)) return this.refuse(key, `is ${show(value)}; it must be ${kind.is}`);
    return value as T;
  }

  /** A whole number of at least 1. */
  count(key: string, fallback?: number): number {
    return this.#find(key, count, fallback);
  }

  /** A whole number of at least 0. */
  whole(key: string, fallback?: number): number {
    return this.#find(key, whole, fallback);
  }

  real(key: string, fallback?: number): number {
    return this.#find(key, real, fallback);
  }

  /** A number that the file has in f32, as the shortest one that is that: 1e-5, and not 9.999999747378752e-6. */
  single(key: string, fallback?: number): number {
    const value = this.real(key, fallback);
    const short = Number(value.toPrecision(7));
    return Math.fround(short) === value ? short : value;
  }

  reals(key: string, fallback?: readonly number[]): readonly number[] {
    return this.#find(key, reals, fallback);
  }

  truth(key: string, fallback?: boolean): boolean {
    return this.#find(key, truth, fallback);
  }

  text(key: string, fallback?: string): string {
    return this.#find(key, text, fallback);
  }

  texts(key: string, fallback?: readonly string[]): readonly string[] {
    return this.#find(key, texts, fallback);
  }

  /** An object in it, perhaps empty. */
  below(key: string): Said {
    const value = this.any(key) ?? {};
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return this.refuse(key, `is ${show(value)}; it must be an object`);
    return new Said(this.source, value as Description, `${this.#place}${key}.`);
  }

  /** @throws {FormatError} where a key says something else than what is done here. */
  only(key: string, ...allowed: readonly (Json | undefined)[]): void {
    const value = this.any(key);
    if (value !== undefined && !allowed.includes(value))
      this.refuse(key, `is ${show(value)}, which there is not here; only ${allowed.map(show).join(', ')} is known`);
  }

  /** Marks keys that change nothing of what is computed. */
  ignore(...keys: readonly string[]): void {
    for (const key of keys) this.#asked.add(key);
  }

  /** Keys that nobody has asked for. */
  unread(): readonly string[] {
    return Object.keys(this.#values)
      .filter((key) => !this.#asked.has(key))
      .map((key) => this.#place + key);
  }
}
