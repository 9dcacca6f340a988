/** The pruning pass. */
import { deriveSeed, type Json, type Module } from '@espalier/nn';
import type { AppliedPass, Pass, PassContext, PassKnob, PassPlan, PassRecord, StepConfig } from '../recipe/pass.ts';
import { trainedFor } from '../recipe/training.ts';
import type { TrainingRecord } from '../recipe/training-config.ts';
import { showCount } from '../report/format.ts';
import { selectParameters, type NamedParameter } from '../selection/parameter-filter.ts';
import { readWeights } from '../selection/weights.ts';
import { dropCount, dropCounts, sum } from './allocate.ts';
import { gathererOf, type Gatherer } from './gather.ts';
import { growthError } from './growth.ts';
import { describeMasks, growMasks, openMasks } from './masks.ts';
import { checkPruning, describePruning, dropWords, type CheckedPruning, type PruneOptions } from './options.ts';
import { isNOfM } from './pattern.ts';
import { isMap } from '../selection/per-tensor.ts';
import { maskUpdates } from './schedule.ts';
import { tensorsOf, unitCounts, unitsGone, type PrunedTensors } from './tensors.ts';

/**
 * Drops the least important weights: a mask keeps them at exactly 0 from then on, through any further training. With a
 * gradual schedule they go step by step while the model trains; without one they go at once, and `train`, if given,
 * lets the others make up for them. A mask only grows: weights that are gone stay gone.
 * @throws {RecipeError} for options that contradict themselves.
 *
 * @example
 * prune({ sparsity: 0.9, scope: 'global', schedule: 'cubic', train: { epochs: 4 } })
 */
export function prune(options: PruneOptions): Pass {
  const place = 'prune';
  const described = checkPruning(place, options);
  const { sparsity, scope, units, trains, need } = described;
  const config: StepConfig = { type: 'prune', ...(options as object as { readonly [option: string]: Json }) };

  async function plan(model: Module, context: PassContext): Promise<PassPlan> {
    const tensors = tensorsOf(place, model, options, described);
    const { chosen, sparsities } = tensors;
    for (const each of chosen) await readWeights(place, each);
    await checkGrowth(tensors, described);
    const sizes = unitCounts(chosen, described);
    const dropped = sum(dropCounts(sparsities, sizes, scope));
    const counts = dropWords(units, showCount(dropped), showCount(sum(sizes)));
    const site = { place, model, chosen, context, examples: described.examples };
    const gatherer = gathererOf(need, site);
    return {
      summary: `${counts} ${describePruning(described, tensors.maximum)}`,
      apply: () => apply(model, tensors, gatherer, context, counts),
    };
  }

  async function apply(
    model: Module,
    tensors: PrunedTensors,
    gatherer: Gatherer,
    context: PassContext,
    counts: string,
  ): Promise<AppliedPass> {
    const seed = deriveSeed(context.seed, place);
    const { sparsities, maximum } = tensors;
    const dropTo = (targets: readonly number[]): Promise<void> =>
      growMasks({ place, tensors, ranking: described, gatherer, seed }, targets);
    const pending = new Map<number, number[]>();
    let updates = 0;
    const finalize = async (training: TrainingRecord | undefined): Promise<PassRecord> => {
      // A training without a step leaves it undone.
      if (training?.steps === 0) await dropTo(targetsAt(sparsities, described));
      gatherer.dispose?.();
      const how = describePruning(described, maximum, updates);
      const trained = training ? `; trained${trainedFor(training)}` : '';
      return { config, summary: `${counts} ${how}${trained}`, details: await describeMasks(tensors) };
    };
    if (!trains) {
      await dropTo(targetsAt(sparsities, described));
      return { model, finalize };
    }
    openMasks(tensors);
    const beforeStep = async (step: number, steps: number, learningRate: number): Promise<void> => {
      await gatherer.training?.beforeStep(step, steps, learningRate);
      if (step === 0) for (const [at, targets] of updatesOf(sparsities, described, steps)) pending.set(at, targets);
      const targets = pending.get(step);
      if (!targets) return;
      await dropTo(targets);
      updates++;
    };
    return { model, training: { ...gatherer.training, beforeStep }, finalize };
  }

  return {
    config,
    train: options.train,
    ...(!isNOfM(units) && !isMap(sparsity) && { knob: sparsityKnob(options, described, sparsity) }),
    needs: trains ? 'training' : needsWithoutTraining(described),
    effects: trains ? ['zeros', 'weights'] : ['zeros'],
    plan,
  };
}

function needsWithoutTraining({ need }: CheckedPruning): Pass['needs'] {
  if (need === undefined) return 'nothing';
  return need === 'inputs' ? 'calibration' : 'gradients';
}

/** What masks are to grow to, at the sparsity of each tensor: of a pattern n:m the share of what it takes away. */
function targetsAt(sparsities: readonly number[], { units, sparsity }: CheckedPruning): number[] {
  return isNOfM(units) ? sparsities.map((each) => each / (sparsity as number)) : [...sparsities];
}

/** When masks grow in a training, and to what: each tensor on its way to its own sparsity. */
function updatesOf(sparsities: readonly number[], pruning: CheckedPruning, steps: number): Map<number, number[]> {
  // Nothing is moved before the first step.
  const first = pruning.need === 'movement' && steps > 1 ? 1 : 0;
  const ways = sparsities.map((each) => new Map(maskUpdates(pruning.schedule, each, steps).map((update) => [update.step, update.sparsity]))); // prettier-ignore
  const all = [...new Set(ways.flatMap((way) => [...way.keys()]))].toSorted((a, b) => a - b);
  const reached = sparsities.map(() => 0);
  return new Map(
    all.map((step) => {
      for (const [index, way] of ways.entries()) reached[index] = way.get(step) ?? (reached[index] as number);
      return [Math.max(first, step), targetsAt(reached, pruning)];
    }),
  );
}

/** The sparsity as what a budget may turn. */
function sparsityKnob(options: PruneOptions, pruning: CheckedPruning, sparsity: number): PassKnob {
  const { scope, schedule } = pruning;
  return {
    name: 'sparsity',
    range: async (model, later) => {
      const { chosen, bounds } = tensorsOf('prune', model, options, pruning);
      const sizes = unitCounts(chosen, pruning);
      const size = sum(sizes);
      const least = Math.min(...bounds.map(({ minimum }) => minimum));
      const reach = sum(bounds.map(({ maximum }, index) => dropCount(maximum, sizes[index] as number))) / size;
      const reached = scope === 'global' && options.maximum !== undefined ? [reach] : [];
      return {
        low: Math.min(sparsity, Math.max(sum(await unitsGone(chosen, pruning)) / size, least, schedule.initial ?? 0)),
        high: Math.max(sparsity, Math.min(0.99, ...reached, ...sparsitiesAfter(chosen, model, later))),
        resolution: 0.005,
        start: sparsity,
      };
    },
    at: (value) => prune({ ...options, sparsity: value }),
  };
}

/** What later passes prune some of the same weights to: since masks only grow, no more than that may be gone before them. */
function sparsitiesAfter(chosen: readonly NamedParameter[], model: Module, later: readonly Pass[]): number[] {
  const own = new Set(chosen.map(({ name }) => name));
  return later.flatMap(({ config }) => {
    // The config of a prune is what it was given.
    const { sparsity, ...filter } = config as object as PruneOptions;
    if (config.type !== 'prune' || typeof sparsity !== 'number') return [];
    return selectParameters('prune', model, filter).some(({ name }) => own.has(name)) ? [sparsity] : [];
  });
}

/**
 * @throws {RecipeError} when more is gone already than is to go: of all tensors, or of one where each is on its own. A
 * pattern n:m asks for no number.
 */
async function checkGrowth({ chosen, sparsities }: PrunedTensors, pruning: CheckedPruning): Promise<void> {
  const { scope, units } = pruning;
  if (isNOfM(units)) return;
  const [sizes, gone] = [unitCounts(chosen, pruning), await unitsGone(chosen, pruning)];
  const parts = scope === 'global' ? [[...chosen.keys()]] : [...chosen.keys()].map((each) => [each]);
  for (const part of parts) {
    const of = (all: readonly number[]): number => sum(part.map((index) => all[index] as number));
    const sparsity = sparsities[part[0] as number] as number;
    if (of(gone) <= dropCount(sparsity, of(sizes))) continue;
    const name = chosen[part[0] as number]?.name ?? '';
    throw growthError({ sparsity, gone: of(gone), size: of(sizes), name, scope, units });
  }
}
