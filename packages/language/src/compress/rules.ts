/** What arguments of compression have to be. */
import type { ModelInParts } from '@espalier/models';
import { anObject, ruleOf, type Rule } from '@espalier/tensor/arguments';

/** A model whose parts are read where they are. */
export const aModelInParts: Rule<ModelInParts> = ruleOf(
  'a model, as openModelInParts gives one',
  (value) =>
    anObject.holds(value) &&
    [value['description'], value['config'], value['tensors'], value['source']].every((part) => anObject.holds(part)) &&
    Array.isArray(value['places']),
);
