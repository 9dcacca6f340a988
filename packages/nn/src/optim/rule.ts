/** What tells an optimizer from everything else. */
import { ruleOf, type Rule } from '@espalier/tensor/arguments';
import { hasMethods } from '../config/rules.ts';
import type { Optimizer } from './optimizer.ts';

/** An optimizer. */
export const anOptimizer: Rule<Optimizer> = ruleOf(
  'an optimizer, such as new Adam() or buildOptimizer({ type })',
  (value) => hasMethods(value, 'attach', 'step', 'setLearningRate'),
);
