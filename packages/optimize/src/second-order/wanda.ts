/** Pruning by weights and inputs. */
import { columnSquares } from '../calibration/weight-inputs.ts';
import { deadGroups, weightsByInputs } from '../prune/learned-scores.ts';
import { setMask } from '../prune/mask-view.ts';
import { optionsOf } from '../recipe/options.ts';
import type { Pass } from '../recipe/pass.ts';
import { calibratedOptionNames, calibratedPass, checkCalibrated, type CalibratedOptions } from './calibrated-pass.ts';
import { noInputs } from './inverse-factor.ts';
import { noteOn } from './part.ts';
import { describePattern, keepInRow, patternOf, type PatternOptions } from './pattern.ts';
import { sparsityKnob, sparsityOf } from './sparsity.ts';

/** Options of `wanda`: a sparsity, or a pattern. */
export interface WandaOptions extends PatternOptions, CalibratedOptions {}

/**
 * Drops the weights with the smallest |weight| · ‖its input‖₂ of each row, which is each output: ⌊sparsity · columns⌋ of it, or
 * all but n of each m. The others stay as they are, and nothing is trained. What is gone already stays gone. Weights whose
 * inputs are not seen (embeddings), or are all 0, go by magnitude, with a note.
 * Source: M. Sun et al., "A simple and effective pruning approach for large language models", ICLR 2024.
 * @throws {RecipeError} for options that contradict themselves.
 *
 * @example
 * wanda({ pattern: '2:4', calibrate: { examples: 128 } })
 */
export function wanda(options: WandaOptions): Pass {
  const place = 'wanda';
  optionsOf(place, options, ['sparsity', 'pattern', ...calibratedOptionNames]);
  const pattern = patternOf(place, options);
  checkCalibrated(place, options);
  return calibratedPass({
    place,
    options,
    effects: ['zeros'],
    measure: columnSquares,
    words: `${describePattern(pattern)} by weight and input`,
    ...sparsityKnob(place, options, wanda),
    change: ({ named, values, rows, columns, kept }, squares) => {
      const isDead = deadGroups(squares, squares ? squares.length / columns : 1);
      const scores = weightsByInputs(values, rows, squares).map((score, index) =>
        kept?.[index] === 0 ? -Infinity : score,
      );
      const mask = new Uint8Array(values.length);
      for (let row = 0; row < rows; row++)
        mask.set(keepInRow(scores.subarray(row * columns, (row + 1) * columns), pattern), row * columns);
      setMask(named.parameter, mask);
      return { ...sparsityOf(mask), ...noteOn(0, isDead.includes(true) ? [{ note: noInputs }] : []) };
    },
  });
}
