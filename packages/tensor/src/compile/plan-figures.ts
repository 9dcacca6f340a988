/** What is known of a plan: how much it runs, what memory it takes, and how long it took to make. */
import type { Plan } from '../lower/plan.ts';

/** A plan in figures. */
export interface PlanReport {
  readonly kernels: number;
  /** Bytes of the memory for values that are made and read inside the step. Arguments, state and results are not counted. */
  readonly bytes: number;
  /** The largest sum of bytes of such values that live at the same time: no memory for these kernels in this order is smaller. */
  readonly aliveBytes: number;
  /** Milliseconds in which the function ran on placeholders. */
  readonly recordingTime: number;
  /** Milliseconds in which a plan was made of what it did, kernels compiled that were not ready. */
  readonly planningTime: number;
}

/** Milliseconds of the steps towards a plan. */
export type PlanTimes = Pick<PlanReport, 'recordingTime' | 'planningTime'>;

/** The report of a plan that took so long. */
export function reportOf({ steps, temporaries, alive }: Plan, times: PlanTimes): PlanReport {
  return {
    kernels: steps.length,
    bytes: temporaries.reduce((sum, bytes) => sum + bytes, 0),
    aliveBytes: alive,
    ...times,
  };
}
