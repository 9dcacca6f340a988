/** From a task and a strategy of training to the options of `fit`, the same for every job that trains. */
import { buildOptimizer, buildSchedule, loss, type FitOptions } from '@espalier/nn';
import type { Candidate } from '../candidate/candidate.ts';
import type { Task } from '../task/task.ts';
import { listener, type Follower } from './follow.ts';

/** How `fit` trains for a task by a candidate's strategy, followed by who asked for it. */
export function fitOptions(
  task: Task,
  training: Candidate['training'],
  follower: Follower,
): Pick<FitOptions, 'loss' | 'optimizer' | 'schedule' | 'batchSize' | 'onEvent' | 'signal'> {
  return {
    loss: typeof task.loss === 'string' ? loss(task.loss) : task.loss,
    optimizer: buildOptimizer(training.optimizer),
    schedule: buildSchedule(training.schedule),
    batchSize: training.batch,
    onEvent: listener(follower),
    signal: follower.signal,
  };
}
