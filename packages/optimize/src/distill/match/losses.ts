/** Losses between what two modules give, by name. */
import { l1, mse, Registry } from '@espalier/nn';
import type { Tensor } from '@espalier/tensor';
import { aFunction, aText, check, oneOf } from '@espalier/tensor/arguments';
import { partsOf } from '../../arguments.ts';
import { attentionTransfer } from './attention.ts';
import { angleRelation, distanceRelation, relation } from './relation.ts';

/** A loss of matches under the name that recipes have for it. */
export interface MatchLossType {
  readonly type: string;
  /** A scalar, of what the student's module gives and the teacher's, [batch, ...]. No gradient flows to the teacher. */
  readonly loss: (student: Tensor, teacher: Tensor) => Tensor;
  /**
   * `features` are compared one by one: both must have the same shape, and a student of another width gets a projection that
   * is learned with it. `patterns` need no such.
   */
  readonly compares: 'features' | 'patterns';
}

/** 1 - cos of the angle between the features, the mean over all places. */
function cosineDistance(student: Tensor, teacher: Tensor): Tensor {
  const axis = student.rank === 4 ? 1 : -1;
  const norm = (each: Tensor): Tensor => each.square().sum(axis).clamp(1e-24).sqrt();
  const cosines = student
    .mul(teacher)
    .sum(axis)
    .div(norm(student).mul(norm(teacher)));
  return cosines.neg().add(1).mean();
}

const types = new Registry<MatchLossType>('loss of matches', ({ type }) => type, [
  { type: 'mse', compares: 'features', loss: (student, teacher) => mse(student, teacher) },
  { type: 'l1', compares: 'features', loss: (student, teacher) => l1(student, teacher) },
  { type: 'cosine', compares: 'features', loss: cosineDistance },
  { type: 'attention', compares: 'patterns', loss: attentionTransfer },
  { type: 'relation', compares: 'patterns', loss: relation },
  { type: 'relation-distance', compares: 'patterns', loss: distanceRelation },
  { type: 'relation-angle', compares: 'patterns', loss: angleRelation },
]);

const aMatchLossType = partsOf<MatchLossType>(
  "a loss of matches with its name: { type, loss, compares: 'features' or 'patterns' }",
  { type: aText, loss: aFunction, compares: oneOf('features', 'patterns') },
);

/**
 * Makes a loss known to the matches of `distill` by a name.
 * @throws {ConfigError} if the name is taken by another one.
 */
export function registerMatchLoss(type: MatchLossType): void {
  types.register('registerMatchLoss', check('registerMatchLoss', 'type', type, aMatchLossType));
}

/** The names of the losses of matches, those that were registered last. */
export const matchLosses: readonly string[] = types.names;

/** The loss of a name, which may be any value from outside. */
export function matchLoss(name: unknown): MatchLossType | undefined {
  return types.get(name);
}
