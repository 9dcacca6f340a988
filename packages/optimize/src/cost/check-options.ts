/** What measurements are told, checked: an option that is misspelt would be ignored, and another thing measured. */
import { aModule, aShape } from '@espalier/nn/arguments';
import type { Module } from '@espalier/nn';
import type { Shape } from '@espalier/tensor';
import { anObject, check, ruleOf, type OptionRules, type Rule } from '@espalier/tensor/arguments';
import { checkNeeded } from '../arguments.ts';

/** The shape of one example. */
export const anInputShape: Rule<Shape> = ruleOf('the shape of one example, such as [784] or [1, 28, 28]', aShape.holds);

const someOptions = ruleOf<object>(
  'an object such as { inputShape: [784] }, of the shape of one example',
  anObject.holds,
);

/**
 * @throws {ArgumentError} unless a model can be measured by the options, of which the shape of an example is needed.
 */
export function checkMeasurement<Options extends { readonly inputShape: Shape }>(
  operation: string,
  models: Readonly<Record<string, Module>>,
  options: Options,
  rules: OptionRules<Options>,
): void {
  for (const [name, model] of Object.entries(models)) check(operation, name, model, aModule);
  check<object>(operation, 'options', options, someOptions);
  checkNeeded(operation, options, rules, ['inputShape']);
}
