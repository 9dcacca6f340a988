/** What can be said about pruning. */
import type { TrainingConfig } from '../recipe/training.ts';
import type { ParameterFilter } from '../selection/parameter-filter.ts';
import type { PruneScope } from './allocate.ts';
import type { Importance } from './importance.ts';
import type { PruningSchedule, ScheduleShape } from './schedule.ts';

/** Options of pruning. */
export interface PruneOptions extends ParameterFilter {
  /** Share of the chosen weights to drop, from 0 to below 1. Exactly ⌊sparsity · size⌋ go. */
  readonly sparsity: number;
  /** Which weights go first. Default: `magnitude`. */
  readonly method?: Importance;
  /** Whether each tensor reaches the sparsity, or all together. Default: `global`. */
  readonly scope?: PruneScope;
  /** Under global scope: the least share that each tensor loses. Default: 0. */
  readonly minimum?: number;
  /** Under global scope: the largest share that a tensor may lose. Default: 0.98, or half of the way from `sparsity` to 1. */
  readonly maximum?: number;
  /** Whether the weights go at once or during training. Default: `one-shot`. */
  readonly schedule?: ScheduleShape | PruningSchedule;
  /** The training in which the weights go, and the rest makes up for them. Default: none for `one-shot`, else the usual. */
  readonly train?: TrainingConfig;
}
