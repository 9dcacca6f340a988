/** Which layers bear which compression: measured, and shown. */
import type { Module } from '@espalier/nn';
import { aDataset, aModule, aSignal } from '@espalier/nn/arguments';
import { aFunction, anObject, check, checkOptional, satisfies } from '@espalier/tensor/arguments';
import { RecipeError } from '../errors.ts';
import { quote } from '../quote.ts';
import { integerOption, oneOf, optionsOf } from '../recipe/options.ts';
import { parseRecipe } from '../recipe/parse.ts';
import type { Pass, StepConfig } from '../recipe/pass.ts';
import { checkRecipe, passesOf } from '../recipe/run.ts';
import { checkLoss } from '../recipe/task-loss.ts';
import { checkFilter } from '../selection/parameter-filter.ts';
import { measureTable, type SensitivityOptions } from './measure.ts';
import { aMeasuredTable, showTable, type MeasuredTable } from './measured-table.ts';

const place = 'sensitivity';

const optionNames: readonly (keyof SensitivityOptions)[] = [
  'data',
  'options',
  'by',
  'loss',
  'examples',
  'latency',
  'seed',
  'signal',
  'known',
  'onMeasured',
  'include',
  'exclude',
];

/** @throws {RecipeError} for options that are not what they should be. */
export function checkSensitivity(options: SensitivityOptions): void {
  optionsOf(place, options, optionNames);
  const { data, by = 'loss', examples = 1024, seed = 0, loss, known, onMeasured, signal } = options;
  if (!anObject.holds(data))
    throw new RecipeError(`${place}.data`, `is ${quote(data)}; say what datasets are for: { train, validate }`);
  for (const split of ['train', 'validate'] as const)
    if (data[split] !== undefined && !satisfies(aDataset, data[split]))
      throw new RecipeError(`${place}.data.${split}`, `is ${quote(data[split])}; it must be ${aDataset.is}`);
  if (!Array.isArray(options.options) || options.options.length === 0)
    throw new RecipeError(
      place,
      `options is ${quote(options.options)}; it must be a list of passes as JSON, such as { type: 'quantize' }`,
    );
  for (const config of options.options) make(config);
  oneOf(place, 'by', by, ['loss', 'outputs']);
  integerOption(place, 'examples', examples, 1);
  integerOption(place, 'seed', seed, Number.MIN_SAFE_INTEGER);
  checkLoss(place, loss);
  checkFilter(place, options);
  checkOptional(place, 'onMeasured', onMeasured, aFunction);
  checkOptional(place, 'signal', signal, aSignal);
  if (known !== undefined) check(place, 'known', known, aMeasuredTable);
}

const make = (config: StepConfig): Pass => {
  const [step] = parseRecipe([config]);
  const [pass, ...others] = step ? passesOf(step) : [];
  if (!pass || others.length > 0)
    throw new RecipeError(
      place,
      `${quote(config)} is no single pass; an option of a layer is one, such as { type: 'quantize' }`,
    );
  return pass;
};

/**
 * Measures which layers bear which compression: each weight alone is changed in each way, and the whole model is judged on the
 * same examples as before. The model itself is not changed. With the table every budget is a question of seconds, as long as
 * the damages of several layers add up.
 * @throws {RecipeError} for options that cannot be: passes that train, patterns that match nothing, no examples.
 *
 * @example
 * const table = await sensitivity(model, { data, options: [{ type: 'quantize' }, { type: 'prune', sparsity: 0.8 }] });
 */
export async function sensitivity(model: Module, options: SensitivityOptions): Promise<MeasuredTable> {
  check(place, 'model', model, aModule);
  checkSensitivity(options);
  const { data, loss, seed = 0 } = options;
  for (const config of options.options) {
    const pass = make(config);
    if (pass.needs !== 'training') checkRecipe(model, [pass], { data, seed, ...(loss !== undefined && { loss }) });
  }
  return measureTable(place, model, options, make);
}

/** A table as plain text: a line for each layer and option, and what could not be done. */
export function formatSensitivity(table: MeasuredTable): string {
  return showTable(check('formatSensitivity', 'table', table, aMeasuredTable));
}
