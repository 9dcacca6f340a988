/** Ways of changing pictures in training, as JSON, and what is drawn for each picture. */
import { ConfigError } from '@espalier/nn';
import { show } from '@espalier/tensor/arguments';
import { beta } from './draws.ts';

/**
 * A way of changing pictures: mirrored with a chance (default: one half); moved by up to so many pixels in each direction, black coming in;
 * turned by up to so many degrees; a black square of so many pixels somewhere; mixed with another picture of the batch, target and
 * all, by a share of Beta(alpha, alpha).
 */
export type Augmentation =
  | { readonly type: 'flip'; readonly axis?: 'horizontal' | 'vertical'; readonly chance?: number }
  | { readonly type: 'crop'; readonly by: number }
  | { readonly type: 'rotate'; readonly degrees: number }
  | { readonly type: 'cut-out'; readonly size: number }
  | { readonly type: 'mix-up'; readonly alpha: number };

/** Where pixels of a picture come from, from its middle: x' = a x + b y + c, y' = d x + e y + f. */
export type Affine = readonly [a: number, b: number, c: number, d: number, e: number, f: number];

/** What is drawn for one picture. */
export interface Drawn {
  map: Affine;
  /** A square that is black: its edges from left, top, right and bottom; none where they meet. */
  box: readonly [number, number, number, number];
}

/** The same map after another. */
function after([a, b, c, d, e, f]: Affine, [g, h, i, j, k, l]: Affine): Affine {
  return [a * g + b * j, a * h + b * k, a * i + b * l + c, d * g + e * j, d * h + e * k, d * i + e * l + f];
}

type Next = () => number;
type Change = (drawn: Drawn, next: Next, height: number, width: number) => void;

/** A whole number between two, both included. */
const between = (next: Next, least: number, most: number): number => least + Math.floor(next() * (most - least + 1));

/** A field of an entry that is a number within bounds. */
function numberIn(entry: Augmentation, name: string, least: number, most: number, fallback?: number): number {
  const value: unknown = Reflect.get(entry, name) ?? fallback;
  if (typeof value === 'number' && value >= least && value <= most) return value;
  throw new ConfigError(`${entry.type}.${name}`, `is ${show(value)}; it must be a number from ${least} to ${most}`);
}

const largest = 1 << 14;

const changes: Readonly<Record<Exclude<Augmentation['type'], 'mix-up'>, (entry: Augmentation) => Change>> = {
  flip: (entry) => {
    const chance = numberIn(entry, 'chance', 0, 1, 0.5);
    const map: Affine = Reflect.get(entry, 'axis') === 'vertical' ? [1, 0, 0, 0, -1, 0] : [-1, 0, 0, 0, 1, 0];
    return (drawn, next) => {
      if (next() < chance) drawn.map = after(drawn.map, map);
    };
  },
  crop: (entry) => {
    const by = Math.floor(numberIn(entry, 'by', 0, largest));
    return (drawn, next) => {
      drawn.map = after(drawn.map, [1, 0, between(next, -by, by), 0, 1, between(next, -by, by)]);
    };
  },
  rotate: (entry) => {
    const most = (numberIn(entry, 'degrees', 0, 360) * Math.PI) / 180;
    return (drawn, next) => {
      const angle = (2 * next() - 1) * most;
      const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
      drawn.map = after(drawn.map, [cos, -sin, 0, sin, cos, 0]);
    };
  },
  'cut-out': (entry) => {
    const size = Math.floor(numberIn(entry, 'size', 1, largest));
    return (drawn, next, height, width) => {
      const [left, top] = [between(next, 0, width - 1) - (size >> 1), between(next, 0, height - 1) - (size >> 1)];
      drawn.box = [left, top, left + size, top + size];
    };
  },
};

/** What entries come to: changes of single pictures, and the mixing of a batch. */
export interface Plan {
  readonly draw: (next: Next, height: number, width: number) => Drawn;
  /** The share of a picture that is kept when it is mixed with another; undefined where none is. */
  readonly share: ((next: Next) => number) | undefined;
}

/**
 * Entries, checked.
 * @throws {ConfigError} for one that is none, naming the field.
 */
export function planOf(entries: readonly Augmentation[]): Plan {
  const mixing = entries.filter((entry) => entry.type === 'mix-up').map((entry) => numberIn(entry, 'alpha', 1e-3, 1e3));
  const single = entries
    .filter((entry) => entry.type !== 'mix-up')
    .map((entry, index) => {
      const make = Object.hasOwn(changes, entry.type) ? changes[entry.type] : undefined;
      if (!make)
        throw new ConfigError(
          `augment[${index}].type`,
          `is ${show(entry.type)}; there are ${Object.keys(changes).join(', ')} and mix-up`,
        );
      return make(entry);
    });
  const [alpha] = mixing;
  return {
    draw: (next, height, width) => {
      const drawn: Drawn = { map: [1, 0, 0, 0, 1, 0], box: [0, 0, 0, 0] };
      for (const change of single) change(drawn, next, height, width);
      return drawn;
    },
    share: alpha === undefined ? undefined : (next) => beta(next, alpha),
  };
}

/**
 * What keeps a value from being a list of augmentations, in words; undefined if nothing does.
 */
export function augmentationFlaw(value: unknown): string | undefined {
  if (!Array.isArray(value)) return `is ${show(value)}: give a list such as [{ type: 'flip' }]`;
  try {
    planOf(value.map((entry) => Object(entry) as Augmentation));
    return undefined;
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
}
