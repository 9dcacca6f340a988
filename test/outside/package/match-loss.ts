/** A loss of matches: how much there is of everything, wherever it is. */
import type { MatchLossType } from '@espalier/optimize';

export const sameStrength: MatchLossType = {
  type: 'same-strength',
  compares: 'patterns',
  loss: (student, teacher) => student.square().mean().sub(teacher.square().mean()).square(),
};
