/** Follows a training: its progress, its curve, and the wish to stop it. */
import type { FitEvent } from '@espalier/nn';
import type { CurvePoint } from '../report/report.ts';
import type { JobContext } from './job.ts';
import { signalOf } from './signal.ts';

/** A training as it is watched. */
export interface Follower {
  /** Stops the training when the user asks for it. */
  readonly signal: { readonly aborted: boolean; readonly reason: Error };
  /** Takes in how far it is: steps done of how many, and the mean loss of the epoch so far. */
  readonly note: (step: number, totalSteps: number, loss: number) => void;
  /** The loss as it went. */
  readonly curve: () => readonly CurvePoint[];
}

/** About how many points a learning curve has at most. */
const curvePoints = 60;

/** Watches a training of so many epochs: tells how far it is, notes its learning curve, and stops it on demand. */
export function follow({ interrupt, onProgress }: JobContext, epochs: number): Follower {
  const points: CurvePoint[] = [];
  // The epoch of the last point, its steps up to that point, and the sum of their losses.
  let [epoch, steps, sum] = [0, 0, 0];
  return {
    signal: signalOf({ interrupt }),
    note: (step, totalSteps, loss) => {
      const stepsPerEpoch = Math.max(1, totalSteps / epochs);
      const current = Math.ceil(step / stepsPerEpoch);
      if (current !== epoch) [epoch, steps, sum] = [current, 0, 0];
      const upTo = step - (epoch - 1) * stepsPerEpoch;
      if (upTo - steps >= Math.min(totalSteps / curvePoints, stepsPerEpoch)) {
        points.push({ epoch: step / stepsPerEpoch, loss: (loss * upTo - sum) / (upTo - steps) });
        [steps, sum] = [upTo, loss * upTo];
      }
      onProgress(step, totalSteps, `loss ${loss.toFixed(4)}`);
    },
    curve: () => points,
  };
}

/** A listener of `fit` that tells a follower. */
export function listener({ note }: Follower): (event: FitEvent) => void {
  let totalSteps = 1;
  let epochs = 1;
  return (event) => {
    if (event.type === 'start') ({ totalSteps, epochs } = event);
    if (event.type === 'progress') note(event.step, event.totalSteps, event.loss);
    if (event.type === 'epoch') note((event.epoch * totalSteps) / epochs, totalSteps, event.loss);
  };
}
