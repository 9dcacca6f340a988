/** Checking of the options of passes, which come from JSON as often as from TypeScript. */
import { RecipeError } from '../errors.ts';
import { brief, quote } from '../quote.ts';

/**
 * The options as an object with known names only.
 * @throws {RecipeError} for what is no object, and for names that are not known.
 */
export function optionsOf(place: string, options: unknown, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new RecipeError(place, `the options are ${quote(options)}; they must be an object`);
  }
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw new RecipeError(place, `'${brief(unknown)}' is no option; there are ${known.join(', ')}`);
}

/** Bounds of a number. */
export interface NumberBounds {
  readonly least?: number;
  readonly most?: number;
  readonly above?: number;
  readonly below?: number;
}

/** @throws {RecipeError} unless the value is a number inside the bounds. */
export function numberOption(place: string, name: string, value: unknown, bounds: NumberBounds = {}): void {
  const { least = -Infinity, most = Infinity, above = -Infinity, below = Infinity } = bounds;
  const fits = typeof value === 'number' && value >= least && value <= most && value > above && value < below;
  if (fits) return;
  const words = { least: 'at least', most: 'at most', above: 'above', below: 'below' } as const;
  const limits = Object.entries(bounds).map(([kind, limit]) => `${words[kind as keyof NumberBounds]} ${String(limit)}`);
  throw new RecipeError(place, `${name} is ${quote(value)}; it must be a number ${limits.join(' and ')}`.trim());
}

/** @throws {RecipeError} unless the value is a whole number of at least `least`. */
export function integerOption(place: string, name: string, value: unknown, least: number): void {
  if (Number.isSafeInteger(value) && (value as number) >= least) return;
  throw new RecipeError(place, `${name} is ${quote(value)}; it must be a whole number of at least ${least}`);
}

/** @throws {RecipeError} unless the value is one of the words. */
export function oneOf<Word extends string>(place: string, name: string, value: Word, words: readonly Word[]): void {
  if (!words.includes(value))
    throw new RecipeError(place, `${name} is ${quote(value)}; it must be one of ${words.join(', ')}`);
}
