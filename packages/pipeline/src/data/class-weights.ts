/** How much each class counts in training, so that what is seldom is not overlooked. Models are judged with all counting alike. */
import { UsageError } from '../errors.ts';
import { suggestion } from '../text/did-you-mean.ts';
import type { Field } from '../fields.ts';
import type { Data } from './source.ts';

/** `balanced` makes all classes count alike together, by n / (classes · examples of the class); else by name, and 1 for what is left out. */
export type ClassWeights = 'balanced' | Readonly<Record<string, number>>;

/** Beyond these a batch of one class drowns all others, and f32 does not hold the sum. */
const [leastWeight, mostWeight] = [1e-6, 1e6];

const isWeight = (value: unknown): boolean => typeof value === 'number' && value >= leastWeight && value <= mostWeight;

/** Class weights as a pipeline has them. */
export const classWeightsField: Field = {
  allowed: "'balanced', or how much classes count, from 1e-6 to 1e6, such as { yes: 5, no: 1 }",
  optional: true,
  accepts: (value) =>
    value === 'balanced' ||
    (typeof value === 'object' &&
      value !== null &&
      !Array.isArray(value) &&
      Object.keys(value).length > 0 &&
      Object.values(value).every(isWeight)),
};

/**
 * Makes sure that weights are of classes that there are.
 * @param names of the classes; undefined where what is learnt is no class
 * @throws {UsageError} naming a class that there is not.
 */
export function checkClassWeights(use: ClassWeights | undefined, names: readonly string[] | undefined): void {
  if (use === undefined) return;
  if (!names) throw new UsageError('class weights: what is learnt here is no class: leave them out');
  if (use === 'balanced') return;
  const unknown = Object.keys(use).find((name) => !names.includes(name));
  if (unknown === undefined) return;
  throw new UsageError(`class weights: there is no class '${unknown}': ${suggestion(unknown, names)}`);
}

/** What classes are called: by their numbers, where nobody names them. */
export function classNames({
  classes = 0,
  classNames: names,
}: Pick<Data, 'classes' | 'classNames'>): readonly string[] {
  return names ?? Array.from({ length: classes }, (_, index) => String(index));
}
