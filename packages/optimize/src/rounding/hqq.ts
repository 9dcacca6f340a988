/** Rounding without data to numbers that few weights are far from. */
import type { Json, Module } from '@espalier/nn';
import { RecipeError } from '../errors.ts';
import { relativeError } from '../quantize/fitting.ts';
import { quote } from '../quote.ts';
import { optionsOf } from '../recipe/options.ts';
import type { Pass, PassPlan, PassRecord, StepConfig } from '../recipe/pass.ts';
import { checkScalable } from '../scaling/scale.ts';
import { gridAt, onGrid, type Grid } from '../second-order/grid.ts';
import { numberOptionNames, numbersOf, RoundedWeights, type NumberOptions } from '../second-order/numbers.ts';
import { checkFilter, selectParameters, type ParameterFilter } from '../selection/parameter-filter.ts';
import { readWeights } from '../selection/weights.ts';
import { halfQuadraticGrid, sparseError } from './hqq-grid.ts';

/** Options of `hqq`. */
export interface HqqOptions extends NumberOptions, ParameterFilter {
  /** Whether weights that share a scale have a zero point; below 8 bits. Default: true there. */
  readonly zeros?: boolean;
}

/**
 * Half-quadratic rounding: scales and zero points of which Σ |w - ŵ|^0.7 is little, so that a few weights far out do not decide
 * about all others. No data, no training. Below 8 bits weights are stored, as by `encode`; so it comes last. What was pruned
 * stays 0. Source: H. Badri, A. Shaji, "Half-quadratic quantization of large machine learning models", 2023.
 * @throws {RecipeError} for options that contradict themselves.
 *
 * @example
 * hqq({ bits: 3, group: 32 })
 */
export function hqq(options: HqqOptions = {}): Pass {
  const place = 'hqq';
  optionsOf(place, options, [...numberOptionNames, 'zeros', 'include', 'exclude']);
  const { bits = 4, zeros = bits < 8 } = options;
  if (typeof zeros !== 'boolean') throw new RecipeError(place, `zeros is ${quote(zeros)}; it must be true or false`);
  const numbers = numbersOf(place, options, zeros);
  checkFilter(place, options);
  const config: StepConfig = { type: place, ...(options as object as { readonly [option: string]: Json }) };
  const target = new RoundedWeights(numbers);

  async function plan(model: Module): Promise<PassPlan> {
    const chosen = selectParameters(place, model, options);
    for (const each of chosen) {
      checkScalable(place, each);
      await readWeights(place, each);
    }
    const summary = `round to ${target.words} by HQQ the weights of ${chosen.length} tensors`;
    return {
      summary,
      apply: async () => {
        const details: Record<string, Json> = {};
        for (const named of chosen) {
          const values = await readWeights(place, named);
          const [rows = 1] = named.parameter.shape;
          const columns = rows === 0 ? 0 : values.length / rows;
          const width = target.widthFor(columns);
          const grids: Grid[] = [];
          let error = 0;
          for (let begin = 0; begin < values.length;) {
            const end = Math.min(begin + width, (Math.floor(begin / columns) + 1) * columns);
            const part = values.subarray(begin, end);
            const grid = halfQuadraticGrid(part, numbers);
            error += sparseError(grid, part);
            grids.push(grid);
            begin = end;
          }
          const became = values.map((value, index) =>
            onGrid(gridAt(grids, Math.floor(index / columns), index % columns, columns, width), value),
          );
          target.set(named, became, grids);
          details[named.name] = {
            bits: numbers.bits,
            scales: grids.length,
            relativeError: relativeError(values, became),
            sparseError: error,
          };
        }
        const finalize = async (): Promise<PassRecord> => {
          for (const named of chosen) await target.settle(named);
          return { config, summary, details };
        };
        return { model, finalize };
      },
    };
  }

  return { config, needs: 'nothing', effects: target.effects, plan };
}
