import { buildOptimizer, buildSchedule, loss } from '@espalier/nn';
import type { FitOptions } from '@espalier/nn';
import type { Candidate } from '../recipe/candidate.ts';
import { listener } from './follow.ts';
import type { Follower } from './follow.ts';

/** How `fit` trains by a candidate's strategy, followed by who asked for it. */
export function fitOptions(
  training: Candidate['training'],
  follower: Follower,
): Pick<FitOptions, 'loss' | 'optimizer' | 'schedule' | 'batchSize' | 'onEvent' | 'signal'> {
  return {
    loss: loss('cross-entropy'),
    optimizer: buildOptimizer(training.optimizer),
    schedule: buildSchedule(training.schedule),
    batchSize: training.batch,
    onEvent: listener(follower),
    signal: follower.signal,
  };
}
