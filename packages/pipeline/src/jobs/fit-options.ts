/** From a loss and a strategy of training to the options of `fit`, the same for every job that trains. */
import { buildOptimizer, buildSchedule, type Dataset, type FitOptions, type LossFunction } from '@espalier/nn';
import type { Candidate } from '../candidate/candidate.ts';
import type { Data } from '../data/source.ts';
import { listener, type Follower } from './follow.ts';

/** How `fit` trains by a loss and a candidate's strategy, followed by who asked for it. */
export function fitOptions(
  loss: LossFunction,
  training: Candidate['training'],
  follower: Follower,
): Pick<FitOptions, 'loss' | 'optimizer' | 'schedule' | 'batchSize' | 'onEvent' | 'signal'> {
  return {
    loss,
    optimizer: buildOptimizer(training.optimizer),
    schedule: buildSchedule(training.schedule),
    batchSize: training.batch,
    onEvent: listener(follower),
    signal: follower.signal,
  };
}

/** Examples as a training sees them: where they are changed, what is drawn follows from the number of the step alone. */
export function lessons(
  { augment }: Pick<Data, 'augment'>,
  own: Dataset,
  seed: number,
): readonly [Dataset, Pick<FitOptions, 'beforeStep'>] {
  if (!augment) return [own, {}];
  const changed = augment(own, seed);
  return [changed, { beforeStep: ({ step }) => changed.restore({ draws: step }) }];
}
