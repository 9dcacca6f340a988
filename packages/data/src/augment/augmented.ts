/** A dataset whose pictures are changed anew each time they are given. */
import { dataset, type Dataset, type Loaded } from '@espalier/nn';
import { aDataset, aSeed } from '@espalier/nn/arguments';
import { ArgumentError, fromTyped, isFloat, type Tensor } from '@espalier/tensor';
import {
  aCount,
  aPositiveInteger,
  anObject,
  check,
  checkOptions,
  listOf,
  ruleOf,
  type OptionRules,
} from '@espalier/tensor/arguments';
import { uniforms } from './draws.ts';
import { planOf, type Augmentation } from './entries.ts';
import { cover, warp } from './warp.ts';

/** How pictures are changed. */
export interface AugmentOptions {
  /** Height and width of the pictures. */
  readonly size: readonly [number, number];
  /** Of all draws. Default: 0. */
  readonly seed?: number;
  /** How many classes there are, where targets are indices that mix-up has to make probabilities of. */
  readonly classes?: number;
}

/** Where an augmented dataset is: how many batches it gave. JSON. */
export interface AugmentState {
  readonly draws: number;
}

/** A dataset that draws with each batch; save its state with each checkpoint of a training. */
export interface AugmentedDataset extends Dataset {
  readonly state: () => AugmentState;
  readonly restore: (state: AugmentState) => void;
}

const augmentRules: OptionRules<AugmentOptions> = {
  size: ruleOf('[height, width]', (value) => listOf(aPositiveInteger).holds(value) && value.length === 2),
  seed: aSeed,
  classes: aPositiveInteger,
};

/** Targets as they can be mixed: probabilities of classes, or numbers as they are. */
function mixable(y: Tensor, classes: number | undefined): Tensor {
  if (isFloat(y.dtype)) return y;
  if (classes === undefined)
    throw new ArgumentError('augmented', 'mix-up makes probabilities of class indices; say how many classes there are');
  return y.oneHot(classes).cast('f32');
}

/**
 * The pictures of a dataset, changed in training: the same draws for the same seed and number of the batch, on every device. Judge by the
 * dataset itself.
 * @throws {ConfigError} for an entry that is none, naming the field.
 * @throws {ArgumentError} for mix-up of class indices without `classes`.
 *
 * @example
 * const train = augmented(data, [{ type: 'flip' }, { type: 'crop', by: 4 }], { size: [32, 32], seed: 7 });
 */
export function augmented(data: Dataset, entries: readonly Augmentation[], options: AugmentOptions): AugmentedDataset {
  check('augmented', 'data', data, aDataset);
  check('augmented', 'entries', entries, listOf<object>(anObject));
  checkOptions('augmented', options, augmentRules);
  const { size, seed = 0, classes } = options;
  const [height, width] = size;
  const plan = planOf(entries);
  let draws = 0;
  const drawn = (count: number, like: Tensor): Loaded => {
    const next = uniforms(seed, 'augment', draws++);
    const [maps, boxes] = [new Float32Array(6 * count), new Float32Array(4 * count)];
    for (let row = 0; row < count; row++) {
      const { map, box } = plan.draw(next, height, width);
      maps.set(map, 6 * row);
      boxes.set(box, 4 * row);
    }
    const device = { device: like.device };
    const own = {
      'augment.maps': fromTyped(maps, [count, 6], device),
      'augment.boxes': fromTyped(boxes, [count, 4], device),
    };
    if (!plan.share) return own;
    const shares = Float32Array.from({ length: count }, plan.share.bind(undefined, next));
    const partners = Int32Array.from({ length: count }, () => Math.floor(next() * count));
    return {
      ...own,
      'augment.shares': fromTyped(shares, [count], device),
      'augment.partners': fromTyped(partners, [count], device),
    };
  };
  return {
    ...dataset({
      size: data.size,
      load: async (indices) => {
        const loaded = await data.load(indices);
        return { ...loaded, ...drawn(indices.length, Object.values(loaded)[0] as Tensor) };
      },
      prepare: (loaded) => {
        const { x, y } = data.prepare(loaded);
        const moved = cover(warp(x, loaded['augment.maps'] as Tensor), loaded['augment.boxes'] as Tensor);
        const { 'augment.shares': shares, 'augment.partners': partners } = loaded;
        if (!shares || !partners) return { x: moved, y };
        const mix = (each: Tensor): Tensor => {
          const share = shares.reshape(each.shape.map((_, axis) => (axis === 0 ? (each.shape[0] as number) : 1)));
          return each.mul(share).add(each.take(partners).mul(share.neg().add(1)));
        };
        return { x: mix(moved), y: mix(mixable(y, classes)) };
      },
      ...(data.labels && { labels: data.labels }),
    }),
    state: () => ({ draws }),
    restore: (state) => {
      draws = check('restore', 'draws', Reflect.get(Object(state) as object, 'draws'), aCount);
    },
  };
}
