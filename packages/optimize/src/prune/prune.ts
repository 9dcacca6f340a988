/** The pruning pass. */
import { deriveSeed, type Json, type Module } from '@espalier/nn';
import { RecipeError } from '../errors.ts';
import { numberOption, oneOf, optionsOf } from '../recipe/options.ts';
import type { AppliedPass, Pass, PassContext, PassKnob, PassPlan, PassRecord, StepConfig } from '../recipe/pass.ts';
import { selectParameters, type NamedParameter } from '../selection/parameter-filter.ts';
import { chooseDropped, dropCount, type PruneScope, type SparsityBounds } from './allocate.ts';
import { importances, scorerOf } from './importance.ts';
import { maskOf, setMask } from './mask-view.ts';
import type { PruneOptions } from './options.ts';
import { maskUpdates, scheduleShapes, type PruningSchedule } from './schedule.ts';

const optionNames = [
  'sparsity',
  'method',
  'scope',
  'minimum',
  'maximum',
  'schedule',
  'train',
  'include',
  'exclude',
] as const;

/**
 * Drops the least important weights: a mask keeps them at exactly 0 from then on, through any further training. With a
 * gradual schedule they go step by step while the model trains; without one they go at once, and `train`, if given, lets
 * the others make up for them. A mask only grows: weights that are gone stay gone. Throws RecipeError for options that
 * contradict themselves.
 *
 * @example
 * prune({ sparsity: 0.9, scope: 'global', schedule: 'cubic', train: { epochs: 4 } })
 */
export function prune(options: PruneOptions): Pass {
  const place = 'prune';
  optionsOf(place, options, optionNames);
  const { sparsity, method = 'magnitude', scope = 'global' } = options;
  numberOption(place, 'sparsity', sparsity, { least: 0, below: 1 });
  oneOf(place, 'method', method, importances);
  oneOf<PruneScope>(place, 'scope', scope, ['local', 'global']);
  const bounds: SparsityBounds = {
    minimum: options.minimum ?? 0,
    // Enough for most, and out of the way of who asks for more.
    maximum: options.maximum ?? Math.max(0.98, (1 + sparsity) / 2),
  };
  const schedule: PruningSchedule =
    typeof options.schedule === 'object' ? options.schedule : { shape: options.schedule ?? 'one-shot' };
  oneOf(place, 'schedule', schedule.shape, scheduleShapes);
  const trains = options.train !== undefined || schedule.shape !== 'one-shot';
  const config: StepConfig = { type: 'prune', ...(options as object as { readonly [option: string]: Json }) };

  async function plan(model: Module, context: PassContext): Promise<PassPlan> {
    const chosen = selectParameters(place, model, options);
    await checkGrowth(chosen, sparsity);
    const size = chosen.reduce((sum, { parameter }) => sum + parameter.size, 0);
    const summary = `drop ${dropCount(sparsity, size)} of ${size} weights by ${method}, ${scope}ly`;
    return { summary, apply: () => apply(model, chosen, context, summary) };
  }

  async function apply(
    model: Module,
    chosen: readonly NamedParameter[],
    context: PassContext,
    summary: string,
  ): Promise<AppliedPass> {
    const seed = deriveSeed(context.seed, place);
    const dropTo = async (target: number): Promise<void> => {
      const scores = await Promise.all(chosen.map((each) => scoreOf(each)));
      const dropped = chooseDropped(scores, target, scope, { ...bounds, minimum: Math.min(bounds.minimum, target) });
      for (const [index, { parameter }] of chosen.entries()) {
        setMask(
          parameter,
          (dropped[index] as Uint8Array).map((mark) => 1 - mark),
        );
      }
    };
    const scoreOf = async (each: NamedParameter): Promise<Float32Array> => {
      const scores = await scorerOf(method)(each, seed);
      const kept = await maskOf(each.parameter)?.kept();
      return kept ? scores.map((score, index) => (kept[index] === 1 ? score : -Infinity)) : scores;
    };
    const finalize = async (): Promise<PassRecord> => {
      const details = await Promise.all(
        chosen.map(async ({ name, parameter }) => [name, await sparsityOf(parameter)] as const),
      );
      return { config, summary, details: Object.fromEntries(details) };
    };
    if (!trains) {
      await dropTo(sparsity);
      return { model, finalize };
    }
    // A mask has to be there when the step is compiled; from then on its values change.
    for (const { parameter } of chosen)
      if (!maskOf(parameter)) setMask(parameter, new Uint8Array(parameter.size).fill(1));
    const pending = new Map<number, number>();
    const beforeStep = async (step: number, steps: number): Promise<void> => {
      if (step === 0)
        for (const update of maskUpdates(schedule, sparsity, steps)) pending.set(update.step, update.sparsity);
      const target = pending.get(step);
      if (target !== undefined) await dropTo(target);
    };
    return { model, training: { config: options.train, beforeStep }, finalize };
  }

  const knob: PassKnob = {
    name: 'sparsity',
    range: async (model) => {
      const { size, gone } = await goneOf(selectParameters(place, model, options));
      return {
        low: Math.min(sparsity, gone / size),
        high: Math.max(sparsity, 0.99),
        resolution: 0.005,
        start: sparsity,
      };
    },
    at: (value) => prune({ ...options, sparsity: value }),
  };

  return {
    config,
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
    (sum, each) => sum + each,
    0,
  );
  return { size: parameter.size, kept, sparsity: 1 - kept / parameter.size };
}

/** How many weights there are, and how many a mask took away already. */
async function goneOf(chosen: readonly NamedParameter[]): Promise<{ size: number; gone: number }> {
  const each = await Promise.all(chosen.map(({ parameter }) => sparsityOf(parameter)));
  return each.reduce((sum, { size, kept }) => ({ size: sum.size + size, gone: sum.gone + size - kept }), {
    size: 0,
    gone: 0,
  });
}

async function checkGrowth(chosen: readonly NamedParameter[], sparsity: number): Promise<void> {
  const { size, gone } = await goneOf(chosen);
  if (gone > dropCount(sparsity, size)) {
    throw new RecipeError(
      'prune',
      `the sparsity is ${sparsity}, but ${gone} of ${size} weights are gone already; ask for more, or start from the dense model`,
    );
  }
}
