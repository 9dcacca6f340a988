/** Pruning in which weights make up for each other. */
import { RecipeError } from '../errors.ts';
import { sum } from '../prune/allocate.ts';
import { setMask } from '../prune/mask-view.ts';
import { integerOption, numberOption, optionsOf } from '../recipe/options.ts';
import type { Pass } from '../recipe/pass.ts';
import { calibratedOptionNames, calibratedPass, checkCalibrated, type CalibratedOptions } from './calibrated-pass.ts';
import { columnProducts } from './inputs.ts';
import { numberOptionNames, numbersOf, RoundedWeights, type NumberOptions } from './numbers.ts';
import { energyOf, joined, noteOn, partsOf } from './part.ts';
import { describePattern, patternOf, type PatternOptions } from './pattern.ts';
import { droppedBy, sparsifyPart } from './sparsify-part.ts';
import { sparsityKnob, sparsityOf } from './sparsity.ts';
import { assignValues } from '../selection/weights.ts';

/** Options of `sparseGpt`: a sparsity, or a pattern; with `bits`, what is kept is rounded in the same go. */
export interface SparseGptOptions extends PatternOptions, NumberOptions, CalibratedOptions {
  /** Share of the mean square of the inputs that is added to that of each, from 0 to 1. Default: 0.01. */
  readonly damping?: number;
  /**
   * Rounds in which all that is kept is fitted to what is gone, where the published method changes only what comes behind it; not
   * with `bits`. Default: 0.
   */
  readonly refit?: number;
}

/**
 * Drops weights of a layer where the others can best make up for them at the output, as examples of the training data show
 * it, and changes those others so that they do. Exactly ⌊sparsity · size⌋ of each layer go, or all but n of every m columns of
 * a row; what is gone already stays gone. With `bits` the weights that are kept are rounded too, each making up for the ones
 * before; below 8 bits they are then stored, as by `encode`, and no mask is left but in what is 0. A layer whose inputs are
 * not seen, that has more than 4,096 of them, or whose products have no factor whatever the damping, is pruned by magnitude
 * and not changed, with a note.
 * Source: E. Frantar and D. Alistarh, "SparseGPT: massive language models can be accurately pruned in one-shot", ICML 2023.
 * @throws {RecipeError} for options that contradict themselves.
 *
 * @example
 * sparseGpt({ sparsity: 0.5 })
 */
export function sparseGpt(options: SparseGptOptions): Pass {
  const place = 'sparse-gpt';
  optionsOf(place, options, [
    'sparsity',
    'pattern',
    ...numberOptionNames,
    'damping',
    'refit',
    ...calibratedOptionNames,
  ]);
  const pattern = patternOf(place, options);
  const isRounded = numberOptionNames.some((name) => options[name] !== undefined);
  const numbers = isRounded ? numbersOf(place, options) : undefined;
  const target = numbers && new RoundedWeights(numbers);
  const { damping = 0.01, refit = 0 } = options;
  numberOption(place, 'damping', damping, { least: 0, most: 1 });
  integerOption(place, 'refit', refit, 0);
  if (refit > 0 && isRounded)
    throw new RecipeError(place, 'fits what is rounded already: give refit, or bits, and round by gptq behind it');
  checkCalibrated(place, options);
  return calibratedPass({
    place,
    options,
    effects: ['zeros', 'weights', ...(target?.effects ?? [])],
    measure: columnProducts,
    words: `${describePattern(pattern)} by SparseGPT${target ? ` and round to ${target.words} the weights` : ''}`,
    ...sparsityKnob(place, options, sparseGpt),
    change: (weight, products) => {
      const { named, columns } = weight;
      const parts = partsOf(weight, products);
      let above = 0;
      const sparse = parts.map((part) => {
        const below = above + part.rows;
        const drop =
          'n' in pattern
            ? pattern
            : { count: droppedBy(pattern.sparsity, below, columns) - droppedBy(pattern.sparsity, above, columns) };
        above = below;
        const round = numbers &&
          target && { bits: numbers.bits, scales: numbers.scales, width: target.widthFor(columns) };
        return sparsifyPart(part, { drop, damping, refit, round });
      });
      const values = joined(sparse.map((part) => part.values));
      const kept = Uint8Array.from(sparse.flatMap((part) => [...part.kept]));
      setMask(named.parameter, kept);
      if (target)
        target.set(
          named,
          values,
          sparse.flatMap(({ grids }) => grids),
        );
      else assignValues(named, values);
      const energy = energyOf(parts);
      return {
        ...sparsityOf(kept),
        ...(numbers && { bits: numbers.bits }),
        ...(energy > 0 && { outputError: sum(sparse.map(({ loss }) => loss)) / energy }),
        ...noteOn(columns, sparse),
      };
    },
    ...(target && { settle: (named) => target.settle(named) }),
  });
}
