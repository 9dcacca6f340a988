/** Pruning by weights and inputs. */
import { setMask } from '../prune/mask-view.ts';
import { optionsOf } from '../recipe/options.ts';
import type { Pass } from '../recipe/pass.ts';
import { calibratedOptionNames, calibratedPass, checkCalibrated, type CalibratedOptions } from './calibrated-pass.ts';
import { columnSquares } from './inputs.ts';
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
      const groups = squares ? squares.length / columns : 1;
      const isDead = Array.from({ length: groups }, (_, group) =>
        Boolean(squares?.subarray(group * columns, (group + 1) * columns).every((square) => square === 0)),
      );
      const mask = new Uint8Array(values.length);
      for (let row = 0; row < rows; row++) {
        const group = Math.floor((row * groups) / rows);
        const scores = Float64Array.from({ length: columns }, (_, column) => {
          const index = row * columns + column;
          if (kept?.[index] === 0) return -Infinity;
          const norm = isDead[group] ? 1 : Math.sqrt(squares?.[group * columns + column] ?? 1);
          return Math.abs(values[index] as number) * norm;
        });
        mask.set(keepInRow(scores, pattern), row * columns);
      }
      setMask(named.parameter, mask);
      return { ...sparsityOf(mask), ...noteOn(0, isDead.includes(true) ? [{ note: noInputs }] : []) };
    },
  });
}
