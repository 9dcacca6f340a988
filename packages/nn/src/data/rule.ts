/** What tells a dataset from everything else. */
import { aCount, ruleOf, type Rule } from '@espalier/tensor/arguments';
import { hasMethods } from '../config/rules.ts';
import type { Dataset } from './dataset.ts';

/** A dataset. */
export const aDataset: Rule<Dataset> = ruleOf(
  'a dataset, such as tensorDataset(x, y)',
  (value) =>
    hasMethods(value, 'load', 'prepare', 'batch') &&
    aCount.holds(Reflect.get(value as object, 'size')) &&
    (Reflect.get(value as object, 'labels') === undefined || hasMethods(value, 'labels')),
);
