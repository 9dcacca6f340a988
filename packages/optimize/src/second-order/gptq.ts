/** Rounding in which weights make up for each other. */
import { RecipeError } from '../errors.ts';
import { sum } from '../prune/allocate.ts';
import { relativeError } from '../quantize/fitting.ts';
import { quote } from '../quote.ts';
import { choiceSpace } from '../recipe/choice-space.ts';
import { numberOption, oneOf, optionsOf } from '../recipe/options.ts';
import type { Pass } from '../recipe/pass.ts';
import { calibratedOptionNames, calibratedPass, checkCalibrated, type CalibratedOptions } from './calibrated-pass.ts';
import { columnProducts } from './inputs.ts';
import { numberOptionNames, numbersOf, RoundedWeights, type NumberOptions } from './numbers.ts';
import type { NamedParameter } from '../selection/parameter-filter.ts';
import { energyOf, joined, noteOn, partsOf } from './part.ts';
import { roundPart } from './round-part.ts';

/** Options of `gptq`. */
export interface GptqOptions extends NumberOptions, CalibratedOptions {
  /** Whether weights that share a scale have a zero point; below 8 bits. Default: false, they lie around 0. */
  readonly zeros?: boolean;
  /** Whether the columns with the largest inputs are rounded first. Default: true. */
  readonly actOrder?: boolean;
  /**
   * Whether scales are chosen for the weights as they were, and not for what those became when their group is reached. Default:
   * that of `actOrder`, which needs it: groups are of columns side by side.
   */
  readonly staticGroups?: boolean;
  /** Whether ranges may be narrower than the weights where that makes the errors less. Default: true. */
  readonly clip?: boolean;
  /**
   * What becomes of scales, below 8 bits, in the training of the stage: `learned` ones are trained with the weights, and there is a
   * training then. Default: `fixed`.
   */
  readonly steps?: 'fixed' | 'learned';
  /** Share of the mean square of the inputs that is added to that of each, from 0 to 1. Default: 0.01. */
  readonly damping?: number;
}

const switches = ['zeros', 'actOrder', 'staticGroups', 'clip'] as const;

/**
 * Rounds the weights of a layer column by column, and lets the columns that are left make up at the output for what was
 * lost, as examples of the training data show it. No row ends up further off than by rounding its weights to the nearest
 * numbers. What was pruned stays 0. Below 8 bits weights are stored, as by `encode`; so it comes last. A stage that trains, such as
 * one with `distill`, goes on from there before that: what weights were when they were rounded is trained, under their grids. A layer whose inputs
 * are not seen, that has more than 4,096 of them, or whose products have no factor whatever the damping, is rounded to the
 * nearest numbers, with a note.
 * Source: E. Frantar et al., "GPTQ: accurate post-training quantization for generative pre-trained transformers", ICLR 2023.
 * @throws {RecipeError} for options that contradict themselves.
 *
 * @example
 * gptq({ bits: 4, group: 32 })
 */
export function gptq(options: GptqOptions = {}): Pass {
  const place = 'gptq';
  optionsOf(place, options, [...numberOptionNames, ...switches, 'steps', 'damping', ...calibratedOptionNames]);
  for (const name of switches)
    if (options[name] !== undefined && typeof options[name] !== 'boolean')
      throw new RecipeError(place, `${name} is ${quote(options[name])}; it must be true or false`);
  const {
    zeros = false,
    actOrder = true,
    staticGroups = actOrder,
    clip = true,
    damping = 0.01,
    steps = 'fixed',
  } = options;
  oneOf(place, 'steps', steps, ['fixed', 'learned']);
  const numbers = numbersOf(place, options, zeros);
  if (actOrder && !staticGroups)
    throw new RecipeError(
      place,
      'has actOrder without staticGroups, but columns that are rounded one after the other would not share a scale in the format; leave one of the two out',
    );
  numberOption(place, 'damping', damping, { least: 0, most: 1 });
  checkCalibrated(place, options);
  const target = new RoundedWeights(numbers);
  const pass = calibratedPass({
    place,
    options,
    effects: target.effects,
    measure: columnProducts,
    words: `round to ${target.words} by GPTQ the weights`,
    change: (weight, products) => {
      const { named, values, columns } = weight;
      const parts = partsOf(weight, products);
      const width = target.widthFor(columns);
      const rounded = parts.map((part) =>
        roundPart(part, {
          bits: numbers.bits,
          scales: numbers.scales,
          width,
          zeros,
          clip,
          actOrder,
          staticGroups,
          damping,
        }),
      );
      const became = joined(rounded.map((part) => part.values));
      const scales = rounded.flatMap(({ grids }) => grids);
      target.set(named, became, scales, joined(rounded.map((part) => part.before)));
      const energy = energyOf(parts);
      return {
        bits: numbers.bits,
        scales: scales.length,
        relativeError: relativeError(values, became),
        ...(energy > 0 && {
          outputError: sum(rounded.map(({ loss }) => loss)) / energy,
          nearestOutputError: sum(rounded.map(({ plainLoss }) => plainLoss)) / energy,
        }),
        ...noteOn(columns, rounded),
      };
    },
    ...(steps === 'learned' && { companion: (chosen: readonly NamedParameter[]) => target.scales(chosen) }),
    settle: (named) => target.settle(named),
  });
  // A group is of codes below 8 bits.
  const tried = options.group === undefined ? [8, 4, 3, 2] : [4, 3, 2];
  return { ...pass, space: choiceSpace('bits', numbers.bits, tried, (bits) => gptq({ ...options, bits })) };
}
