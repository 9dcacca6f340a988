/** The pruning pass. */
import { deriveSeed, type Json, type Module } from '@espalier/nn';
import type { AppliedPass, Pass, PassContext, PassKnob, PassPlan, PassRecord, StepConfig } from '../recipe/pass.ts';
import { trainedFor } from '../recipe/training.ts';
import type { TrainingRecord } from '../recipe/training-config.ts';
import { showCount } from '../report/format.ts';
import { selectParameters, type NamedParameter } from '../selection/parameter-filter.ts';
import { readWeights } from '../selection/weights.ts';
import { chooseDropped, dropCount, dropCounts, sum, type PruneScope } from './allocate.ts';
import { growthError } from './growth.ts';
import { scoreWeights } from './importance.ts';
import { maskOf, setMask } from './mask-view.ts';
import { checkPruning, describePruning, type CheckedPruning, type PruneOptions } from './options.ts';
import { maskUpdates } from './schedule.ts';

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
  const { sparsity, method, scope, bounds, schedule, trains } = described;
  const config: StepConfig = { type: 'prune', ...(options as object as { readonly [option: string]: Json }) };

  async function plan(model: Module, context: PassContext): Promise<PassPlan> {
    const chosen = selectParameters(place, model, options);
    for (const each of chosen) await readWeights(place, each);
    await checkGrowth(chosen, sparsity, scope);
    const sizes = chosen.map(({ parameter }) => parameter.size);
    const dropped = sum(dropCounts(sparsity, sizes, scope));
    const reach = sum(sizes.map((size) => dropCount(bounds.maximum, size)));
    // A default is out of the way of who asks for more than whole numbers of weights let it reach.
    const within =
      options.maximum === undefined && dropped > reach
        ? { ...described, bounds: { ...bounds, maximum: 1 } }
        : described;
    const counts = `drop ${showCount(dropped)} of ${showCount(sum(sizes))} weights`;
    return {
      summary: `${counts} ${describePruning(within)}`,
      apply: () => apply(model, chosen, context, counts, within),
    };
  }

  async function apply(
    model: Module,
    chosen: readonly NamedParameter[],
    context: PassContext,
    counts: string,
    within: CheckedPruning,
  ): Promise<AppliedPass> {
    const seed = deriveSeed(context.seed, place);
    const dropTo = async (target: number): Promise<void> => {
      const scores = await Promise.all(chosen.map((each) => scoreOf(each)));
      const dropped = chooseDropped(scores, target, scope, {
        ...within.bounds,
        minimum: Math.min(bounds.minimum, target),
      });
      for (const [index, { parameter }] of chosen.entries()) {
        setMask(
          parameter,
          (dropped[index] as Uint8Array).map((mark) => 1 - mark),
        );
      }
    };
    const scoreOf = async (each: NamedParameter): Promise<Float32Array> => {
      const scores = await scoreWeights(method, await readWeights(place, each), each, seed);
      const kept = await maskOf(each.parameter)?.kept();
      return kept ? scores.map((score, index) => (kept[index] === 1 ? score : -Infinity)) : scores;
    };
    const pending = new Map<number, number>();
    let updates = 0;
    const finalize = async (training: TrainingRecord | undefined): Promise<PassRecord> => {
      // A training without a step leaves it undone.
      if (training?.steps === 0) await dropTo(sparsity);
      const details = await Promise.all(
        chosen.map(async ({ name, parameter }) => [name, await sparsityOf(parameter)] as const),
      );
      const how = describePruning(within, updates);
      const trained = training ? `; trained${trainedFor(training)}` : '';
      return { config, summary: `${counts} ${how}${trained}`, details: Object.fromEntries(details) };
    };
    if (!trains) {
      await dropTo(sparsity);
      return { model, finalize };
    }
    // A mask has to be there when the step is compiled; from then on its values change.
    for (const { parameter } of chosen)
      if (!maskOf(parameter)) setMask(parameter, new Uint8Array(parameter.size).fill(1));
    const beforeStep = async (step: number, steps: number): Promise<void> => {
      if (step === 0)
        for (const update of maskUpdates(schedule, sparsity, steps)) pending.set(update.step, update.sparsity);
      const target = pending.get(step);
      if (target === undefined) return;
      await dropTo(target);
      updates++;
    };
    return { model, training: { beforeStep }, finalize };
  }

  const knob: PassKnob = {
    name: 'sparsity',
    range: async (model, later) => {
      const chosen = selectParameters(place, model, options);
      const { size, gone } = await goneOf(chosen);
      const reach = sum(chosen.map(({ parameter }) => dropCount(bounds.maximum, parameter.size))) / size;
      const reached = scope === 'global' && options.maximum !== undefined ? [reach] : [];
      return {
        low: Math.min(sparsity, Math.max(gone / size, bounds.minimum, schedule.initial ?? 0)),
        high: Math.max(sparsity, Math.min(0.99, ...reached, ...sparsitiesAfter(chosen, model, later))),
        resolution: 0.005,
        start: sparsity,
      };
    },
    at: (value) => prune({ ...options, sparsity: value }),
  };

  return {
    config,
    train: options.train,
    knob,
    needs: trains ? 'training' : 'nothing',
    effects: trains ? ['zeros', 'weights'] : ['zeros'],
    plan,
  };
}

async function sparsityOf(
  parameter: NamedParameter['parameter'],
): Promise<{ size: number; kept: number; sparsity: number }> {
  const kept = ((await maskOf(parameter)?.kept()) ?? new Uint8Array(parameter.size).fill(1)).reduce(
    (count, each) => count + each,
    0,
  );
  return { size: parameter.size, kept, sparsity: 1 - kept / parameter.size };
}

/** What later passes prune some of the same weights to: since masks only grow, no more than that may be gone before them. */
function sparsitiesAfter(chosen: readonly NamedParameter[], model: Module, later: readonly Pass[]): number[] {
  const own = new Set(chosen.map(({ name }) => name));
  return later.flatMap(({ config }) => {
    if (config.type !== 'prune') return [];
    // The config of a prune is what it was given.
    const { sparsity, ...filter } = config as object as PruneOptions;
    return selectParameters('prune', model, filter).some(({ name }) => own.has(name)) ? [sparsity] : [];
  });
}

/** How many weights there are, and how many a mask took away already. */
async function goneOf(chosen: readonly NamedParameter[]): Promise<{ size: number; gone: number }> {
  const each = await Promise.all(chosen.map(({ parameter }) => sparsityOf(parameter)));
  return each.reduce((all, { size, kept }) => ({ size: all.size + size, gone: all.gone + size - kept }), {
    size: 0,
    gone: 0,
  });
}

/**
 * @throws {RecipeError} when more is gone already than is to go: of all weights, or of a tensor where each is on its
 * own.
 */
async function checkGrowth(chosen: readonly NamedParameter[], sparsity: number, scope: PruneScope): Promise<void> {
  const parts = scope === 'global' ? [chosen] : chosen.map((each) => [each]);
  for (const part of parts) {
    const { size, gone } = await goneOf(part);
    if (gone <= dropCount(sparsity, size)) continue;
    throw growthError(sparsity, gone, part, scope);
  }
}
