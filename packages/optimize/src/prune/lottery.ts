/** Iterative pruning with rewinding: the search for a winning ticket. */
import { deriveSeed, trainedBy, type Json, type Module } from '@espalier/nn';
import type { Tensor } from '@espalier/tensor';
import { RecipeError } from '../errors.ts';
import { integerOption, oneOf, optionsOf } from '../recipe/options.ts';
import type { AppliedPass, Pass, PassContext, PassPlan, StepConfig, TrainingPart } from '../recipe/pass.ts';
import { findTaskLoss } from '../recipe/task-loss.ts';
import { checkTraining, epochsOf, trainedFor, trainStage } from '../recipe/training.ts';
import type { TrainingConfig } from '../recipe/training-config.ts';
import { showCount } from '../report/format.ts';
import {
  checkFilter,
  selectParameters,
  type NamedParameter,
  type ParameterFilter,
} from '../selection/parameter-filter.ts';
import { readWeights } from '../selection/weights.ts';
import { dropCounts, sum } from './allocate.ts';
import { gathererOf } from './gather.ts';
import { describeMasks, growMasks, openMasks } from './masks.ts';
import {
  checkRanking,
  defaultMaximum,
  describeRanking,
  dropWords,
  type CheckedRanking,
  type RankingOptions,
} from './options.ts';
import { isNOfM } from './pattern.ts';
import { checkPatternsUsed, checkPerTensor, isMap, valueFor, type PerTensor } from '../selection/per-tensor.ts';
import { boundsOf, unitCounts, unitsGone, type PrunedTensors } from './tensors.ts';

/** Options of the lottery. */
export interface LotteryOptions extends ParameterFilter, RankingOptions {
  /** How often the model is trained and pruned, before it is trained for the last time. */
  readonly rounds: number;
  /** The share of what is left that goes in each round; or that of each tensor, by patterns over names. Default: 0.2. */
  readonly share?: PerTensor;
  /** What is gone back to after a round: the end of so many epochs of its training. Default: 0, the model as it is given. */
  readonly rewindTo?: number;
  /**
   * What goes back. `weights`: everything that is trained, and the learning rate. `rate`: the learning rate alone; the weights
   * go on from where they are. Default: `weights`.
   */
  readonly rewind?: 'weights' | 'rate';
  /** Each of the trainings. Default: the usual. */
  readonly train?: TrainingConfig;
}

const optionNames: readonly (keyof LotteryOptions)[] = [
  'rounds',
  'share',
  'rewindTo',
  'rewind',
  'method',
  'scope',
  'pattern',
  'minimum',
  'maximum',
  'calibrate',
  'train',
  'include',
  'exclude',
];

/**
 * The tensors that are drawn from.
 * @throws {RecipeError} for patterns that stand for nothing.
 */
function drawn(place: string, model: Module, filter: ParameterFilter, share: PerTensor): NamedParameter[] {
  const all = selectParameters(place, model, filter);
  checkPatternsUsed(place, 'share', share, all);
  return all.filter(({ name }) => valueFor(share, name) !== undefined);
}

/** The tensors of a lottery, and the most that each may have lost at its end: what a pruning behind it has to go on from. */
export function mostLost(model: Module, options: LotteryOptions): (NamedParameter & { readonly share: number })[] {
  const { share, ranking } = checkLottery('lottery', options);
  const chosen = drawn('lottery', model, options, share);
  return chosen.map((each) => {
    const own = goneAfter(options.rounds, valueFor(share, each.name) as number);
    const most = ranking.maximum === undefined ? defaultMaximum(own) : (valueFor(ranking.maximum, each.name) ?? 1);
    return { ...each, share: ranking.scope === 'global' ? Math.max(own, most) : own };
  });
}

/** What is gone after some rounds, where so much was before. */
const goneAfter = (rounds: number, share: number, before = 0): number => 1 - (1 - before) * (1 - share) ** rounds;

/** The options, checked. */
interface Checked {
  readonly share: PerTensor;
  readonly rewindTo: number;
  readonly rewind: 'weights' | 'rate';
  readonly ranking: CheckedRanking;
}

function checkLottery(place: string, options: LotteryOptions): Checked {
  optionsOf(place, options, optionNames);
  const { rounds, share = 0.2, rewindTo = 0, rewind = 'weights', train } = options;
  integerOption(place, 'rounds', rounds, 1);
  checkPerTensor(place, 'share', share, { above: 0, below: 1 });
  integerOption(place, 'rewindTo', rewindTo, 0);
  oneOf(place, 'rewind', rewind, ['weights', 'rate']);
  const ranking = checkRanking(place, options, isMap(share) ? share : goneAfter(rounds, share));
  if (isNOfM(ranking.units))
    throw new RecipeError(place, 'the pattern n:m leaves nothing to do for several rounds; use prune');
  checkTraining(`${place}.train`, train);
  if (train) checkRewinding(place, rewindTo, epochsOf(train));
  checkFilter(place, options);
  return { share, rewindTo, rewind, ranking };
}

/** @throws {RecipeError} where nothing of the training would be left. */
function checkRewinding(place: string, rewindTo: number, epochs: number): void {
  if (rewindTo === 0 || rewindTo < epochs) return;
  throw new RecipeError(
    place,
    `goes back to the end of epoch ${rewindTo}, and it trains for ${epochs}; go back further, or train longer`,
  );
}

/**
 * Trains, drops a share of the weights that are left, takes those that stay back to what they were early in the first
 * training, and does so again for some rounds; then trains what is left: a network that was small from the start, if it wins.
 * The model is given as it is before its training. With `rewind: 'rate'` only the learning rate begins anew, which suits a model
 * that is trained. Passes that run together with it share the last training; the rounds before it learn the task alone.
 *
 * Sources: J. Frankle and M. Carbin, "The lottery ticket hypothesis", ICLR 2019; J. Frankle et al., "Linear mode connectivity
 * and the lottery ticket hypothesis", ICML 2020 (late rewinding); A. Renda et al., "Comparing rewinding and fine-tuning in
 * neural network pruning", ICLR 2020.
 * @throws {RecipeError} for options that contradict themselves.
 *
 * @example
 * lottery({ rounds: 8, share: { '4.weight': 0.1, '*': 0.2 }, rewindTo: 1, train: { epochs: 10 } })
 */
export function lottery(options: LotteryOptions): Pass {
  const place = 'lottery';
  const { share, rewindTo, rewind, ranking } = checkLottery(place, options);
  const { rounds } = options;
  const { scope, units, need, examples } = ranking;
  const config: StepConfig = { type: place, ...(options as object as { readonly [option: string]: Json }) };

  async function plan(model: Module, context: PassContext): Promise<PassPlan> {
    checkRewinding(place, rewindTo, epochsOf(context.train));
    const chosen = drawn(place, model, options, share);
    for (const each of chosen) await readWeights(place, each);
    const [sizes, gone] = [unitCounts(chosen, ranking), await unitsGone(chosen, ranking)];
    const before = chosen.map((_, index) =>
      scope === 'global' ? sum(gone) / sum(sizes) : (gone[index] as number) / (sizes[index] as number),
    );
    /** What is to be gone of each tensor after some rounds. */
    const after = (round: number): number[] =>
      chosen.map(({ name }, index) => goneAfter(round, valueFor(share, name) as number, before[index]));
    const sparsities = after(rounds);
    const tensors = { chosen, sparsities, ...boundsOf(place, chosen, sparsities, ranking) };
    const dropped = dropWords(units, showCount(sum(dropCounts(sparsities, sizes, scope))), showCount(sum(sizes)));
    const back = `${rewind === 'rate' ? 'the learning rate' : 'all weights'} back to ${rewindTo === 0 ? 'the start' : `the end of epoch ${rewindTo}`}`;
    const summary = `${dropped} in ${rounds} ${rounds === 1 ? 'round' : 'rounds'} of training ${describeRanking(ranking, isMap(share) ? share : (sparsities[0] ?? 0), tensors.maximum)}, each time with ${back}`;
    return { summary, apply: () => apply(model, context, tensors, after, summary) };
  }

  async function apply(
    model: Module,
    context: PassContext,
    tensors: PrunedTensors,
    after: (round: number) => number[],
    summary: string,
  ): Promise<AppliedPass> {
    const seed = deriveSeed(context.seed, place);
    const task = findTaskLoss(place, context.loss, trainedBy(model));
    const epochs = epochsOf(context.train);
    openMasks(tensors);
    let start = rewind === 'weights' && rewindTo === 0 ? model.state() : undefined;
    const keepStart: TrainingPart = {
      beforeStep: (step, steps) => {
        if (rewind === 'weights' && step === (rewindTo * steps) / epochs) start ??= model.state();
      },
    };
    for (let round = 1; round <= rounds; round++) {
      const gatherer = gathererOf(need, { place, model, chosen: tensors.chosen, context, examples });
      const parts = [
        round === 1 ? keepStart : { epochsBefore: rewindTo },
        ...(gatherer.training ? [gatherer.training] : []),
      ];
      await trainStage(`${place} round ${round}`, model, parts, task, context);
      await growMasks({ place, tensors, ranking, gatherer, seed }, after(round));
      gatherer.dispose?.();
      if (start) model.load(start);
    }
    for (const tensor of start?.values() ?? ([] as Tensor[])) tensor.dispose();
    return {
      model,
      training: { epochsBefore: rewindTo },
      finalize: async (training) => ({
        config,
        summary: `${summary}; trained${trainedFor(training)}`,
        details: await describeMasks(tensors),
      }),
    };
  }

  return { config, train: options.train, needs: 'training', effects: ['zeros', 'weights'], plan };
}
