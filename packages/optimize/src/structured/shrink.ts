/** The pass that cuts whole neurons, channels and heads off, so that layers get smaller. */
import { deriveSeed, trainedBy, type Dataset, type Json, type Module } from '@espalier/nn';
import type { TensorType } from '@espalier/tensor';
import { RecipeError } from '../errors.ts';
import { dropCount } from '../prune/allocate.ts';
import type { Evidence } from '../prune/evidence.ts';
import { gathererOf } from '../prune/gather.ts';
import { needOf } from '../prune/importance.ts';
import type { AppliedPass, Pass, PassContext, PassKnob, PassPlan, PassRecord, StepConfig } from '../recipe/pass.ts';
import { findTaskLoss } from '../recipe/task-loss.ts';
import { trainedFor } from '../recipe/training.ts';
import type { TrainingRecord } from '../recipe/training-config.ts';
import { showCount } from '../report/format.ts';
import { matches } from '../selection/parameter-filter.ts';
import { chooseUnits } from './choose-units.ts';
import { cutModel } from './cut-model.ts';
import { cuttableGraph } from './model-widths.ts';
import { checkShrinking, describeShrinking, type CheckedShrinking, type ShrinkOptions } from './options.ts';
import { batchOf, checkPlain, exampleData, structureOrder } from './plain-model.ts';
import { recalibrateNorms } from './recalibrate-norms.ts';
import { slopesOf } from './taylor.ts';
import { matrices, parametersOf, scoreUnits, unitScores, type ScoreInput } from './unit-scores.ts';
import type { AxedGraph, Width } from './widths.ts';

const place = 'shrink';

/**
 * Makes layers smaller: neurons, channels and attention heads go whole, with everything that only they need, through
 * residual ways, concatenations, flattens, norms and tied weights. The model comes back with other sizes in its
 * description; where units are gone it computes what it did when all their weights were 0. Norms over examples are
 * measured anew on the training data, and `train`, if given, lets the rest make up for what is gone.
 * @throws {RecipeError} for options that contradict themselves.
 *
 * @example
 * shrink({ ratio: 0.5, roundTo: 8, train: { epochs: 4 } })
 */
export function shrink(options: ShrinkOptions): Pass {
  const checked = checkShrinking(place, options);
  const config: StepConfig = { type: place, ...(options as object as { readonly [option: string]: Json }) };

  async function plan(model: Module, context: PassContext): Promise<PassPlan> {
    checkPlain(place, model);
    const data = exampleData(place, context);
    const batch = await batchOf(model, data);
    const graph = cuttableGraph(place, model, batch);
    const widths = chosenWidths(graph, model, options, checked);
    const total = widths.reduce((sum, { size }) => sum + size, 0);
    const going = widths.reduce((sum, { size }) => sum + dropCount(checked.ratio, size), 0);
    return {
      summary: `cut ${checked.roundTo > 1 ? 'up to ' : 'about '}${showCount(going)} of ${showCount(total)} units ${describeShrinking(checked)}`,
      apply: () => apply(model, graph, widths, batch, data, context),
    };
  }

  async function apply(
    model: Module,
    graph: AxedGraph,
    widths: readonly Width[],
    batch: TensorType,
    data: Dataset,
    context: PassContext,
  ): Promise<AppliedPass> {
    const { method, recalibrate } = checked;
    const input: ScoreInput = {
      place,
      model,
      seed: deriveSeed(context.seed, place),
      ...(await learned(model, widths, data, context)),
    };
    const scored = [];
    for (const width of widths)
      scored.push({ width, scores: await scoreUnits(method, width, input), structure: structureOf(width, model) });
    const kept = chooseUnits(scored, checked);
    const small = await cutModel(place, model, graph, kept, batch);
    const norms = recalibrate === 0 ? 0 : await recalibrateNorms(small, data, { examples: recalibrate });
    const finalize = async (training: TrainingRecord | undefined): Promise<PassRecord> => {
      const details = Object.fromEntries(
        widths.map(({ name, kind, size }) => [name, { kind, size, kept: kept.get(name)?.length ?? size }]),
      );
      const left = Object.values(details).reduce((sum, each) => sum + each.kept, 0);
      const total = widths.reduce((sum, { size }) => sum + size, 0);
      const [before, after] = [model, small].map(sizeOf) as [number, number];
      const trained = training ? `; trained${trainedFor(training)}` : '';
      const again = norms > 0 ? `, ${norms} ${norms === 1 ? 'norm' : 'norms'} measured anew` : '';
      return {
        config,
        summary: `cut ${showCount(total - left)} of ${showCount(total)} units ${describeShrinking(checked)}: ${showCount(before)} weights become ${showCount(after)}${again}${trained}`,
        details,
      };
    };
    return { model: small, ...(options.train && { training: {} }), finalize };
  }

  /** What the score is told besides the weights. */
  async function learned(
    model: Module,
    widths: readonly Width[],
    data: Dataset,
    context: PassContext,
  ): Promise<Pick<ScoreInput, 'slopes' | 'evidence'>> {
    const { method, examples = needOf(method).examples } = checked;
    const none = { slopes: undefined, evidence: new Map<string, Evidence>() };
    if (method === 'taylor') {
      const { of } = findTaskLoss(place, options.train?.loss, context.loss, trainedBy(model));
      return { ...none, slopes: await slopesOf(model, widths, data, of, examples) };
    }
    if (unitScores.includes(method)) return none;
    const all = widths.flatMap((width) => matrices(parametersOf(width, model)).map(({ named }) => named));
    const chosen = [...new Map(all.map((named) => [named.name, named])).values()];
    const found = await gathererOf(needOf(method).need, { place, model, chosen, context, examples }).gather();
    return { ...none, evidence: new Map(chosen.map(({ name }, index) => [name, found[index] ?? {}])) };
  }

  const knob: PassKnob = {
    name: 'ratio',
    range: async () => ({
      low: options.minimum ?? 0,
      high: Math.max(checked.ratio, Math.min(0.95, options.maximum ?? 1)),
      resolution: 0.02,
      start: checked.ratio,
    }),
    at: (value) => shrink({ ...options, ratio: value }),
  };

  return {
    config,
    knob,
    order: structureOrder,
    train: options.train,
    needs: options.train ? 'training' : 'calibration',
    effects: options.train ? ['structure', 'weights'] : ['structure'],
    plan,
  };
}

/**
 * The widths that are asked for.
 * @throws {RecipeError} when a pattern matches no parameter, and when nothing is left, with the reasons.
 */
function chosenWidths(
  graph: AxedGraph,
  model: Module,
  { include, exclude = [] }: ShrinkOptions,
  { kinds }: CheckedShrinking,
): readonly Width[] {
  const names = [...model.namedParameters().keys()];
  for (const pattern of [...(include ?? []), ...exclude])
    if (!names.some((name) => matches(pattern, name)))
      throw new RecipeError(place, `'${pattern}' matches no parameter; there are ${names.join(', ')}`);
  const isMember = ({ members }: Width, patterns: readonly string[]): boolean =>
    members.some(({ name }) => patterns.some((pattern) => matches(pattern, name)));
  const chosen = graph.widths.filter(
    (width) => kinds.includes(width.kind) && (!include || isMember(width, include)) && !isMember(width, exclude),
  );
  if (chosen.length > 0) return chosen;
  const widths = graph.widths.map(({ name, kind }) => `${name} (${kind})`).join(', ');
  const whole = [...new Set(graph.whole.map(({ reason }) => reason))].slice(0, 4).join('; ');
  throw new RecipeError(
    place,
    `no width is left to cut; there are ${widths || 'none'}${whole && `; others cannot be cut: ${whole}`}`,
  );
}

/** The kinds of layers that a width is cut out of, and where. */
function structureOf({ kind, members }: Width, model: Module): string {
  const modules = model.namedModules();
  const parts = members.map(({ name, axis }) => {
    const end = name.lastIndexOf('.');
    return `${modules.get(name.slice(0, Math.max(0, end)))?.type}.${name.slice(end + 1)}:${axis}`;
  });
  return [kind, ...parts].join(' ');
}

const sizeOf = (model: Module): number => model.parameters().reduce((sum, { size }) => sum + size, 0);
