/** Fills a table: each layer alone is changed in each way, and the whole model is judged. */
import { throwIfAborted, trainedBy, type AbortSignalLike, type Dataset, type Json, type Module } from '@espalier/nn';
import { TensorError } from '@espalier/tensor';
import type { LatencyOptions } from '../cost/latency.ts';
import { measureParameter } from '../cost/parameter-cost.ts';
import { RecipeError } from '../errors.ts';
import { digestOfModel } from '../layout/model-digest.ts';
import type { OptimizationData } from '../recipe/data.ts';
import type { Pass, StepConfig } from '../recipe/pass.ts';
import { findTaskLoss, type GivenLoss } from '../recipe/task-loss.ts';
import { selectParameters, type NamedParameter, type ParameterFilter } from '../selection/parameter-filter.ts';
import { copyModel } from '../views/copy.ts';
import { Judge } from './damage.ts';
import { measureLayer } from './layer-time.ts';
import type { MeasuredOption, MeasuredTable, RefusedOption } from './measured-table.ts';

/** What is tried on each layer, and how it is judged. */
export interface SensitivityOptions extends ParameterFilter {
  /** Passes calibrate on `train`; models are judged on `validate`, or on `train` where there is none. */
  readonly data: OptimizationData;
  /** Passes without training, as JSON, without `include`: `{ type: 'gptq', bits: 3 }`. */
  readonly options: readonly StepConfig[];
  /** What a model is judged by. `loss`: the increase of it; `outputs`: how far the outputs are off. Default: `loss`. */
  readonly by?: 'loss' | 'outputs';
  /** One of `lossTypes`, or a function. Default: what the model was trained by. */
  readonly loss?: GivenLoss;
  /** On how many examples, spread evenly. Default: 1,024. */
  readonly examples?: number;
  /** Whether, and how, the time of each layer is measured. Default: false. */
  readonly latency?: boolean | LatencyOptions;
  /** All randomness follows from this. Default: 0. */
  readonly seed?: number;
  readonly signal?: AbortSignalLike;
  /** A table of the same model, options and data, perhaps of an interrupted measurement: what is in it is not measured again. */
  readonly known?: MeasuredTable;
  /** Told the table after each measurement; awaited. */
  readonly onMeasured?: (table: MeasuredTable) => void | Promise<void>;
}

/** Makes a pass of what is tried. */
export type MakePass = (config: StepConfig) => Pass;

/** @throws {RecipeError} for what trains: it is measured what a layer costs before anything makes up for it. */
function checkOption(place: string, { config, needs }: Pass): void {
  if (needs !== 'training') return;
  throw new RecipeError(
    place,
    `${config.type} trains; the table is of what layers cost as they are, so leave the training out`,
  );
}

/** The examples that models are judged by. */
function judgedData(place: string, { validate, train }: OptimizationData): Dataset {
  const data = validate ?? train;
  if (data && data.size > 0) return data;
  throw new RecipeError(place, 'judges models by examples, and there is none; give data.validate or data.train');
}

/** @throws {RecipeError} where there is no layer, no option, or no example. */
export async function measureTable(
  place: string,
  model: Module,
  given: SensitivityOptions,
  make: MakePass,
): Promise<MeasuredTable> {
  const { data, options, by = 'loss', examples = 1024, latency = false, signal, known, onMeasured } = given;
  const layers = selectParameters(place, model, given);
  for (const config of options) {
    if ('include' in config || 'exclude' in config)
      throw new RecipeError(
        place,
        `${config.type} says which weights it is of; each layer is tried alone, so leave that out`,
      );
    checkOption(place, make(config));
  }
  const judged = judgedData(place, data);
  const loss = by === 'loss' ? findTaskLoss(place, given.loss, trainedBy(model)).of : undefined;
  const digest = await digestOfModel(model);
  if (known?.model !== undefined && known.model !== digest)
    throw new RecipeError(place, 'known is a table of another model; leave it out, or give the model that it is of');
  const whole = await copyModel(model);
  const judge = await Judge.against(whole, { loss, data: judged, examples });
  whole.dispose();
  const timing = latency === true ? {} : latency;
  const rows = layers.map(({ name }) => ({ name, options: [] as MeasuredOption[], refused: [] as RefusedOption[] }));
  const table = (): MeasuredTable => ({
    model: digest,
    by,
    layers: rows.map((row) => ({ ...row, options: [...row.options], refused: [...row.refused] })),
  });
  for (const [index, layer] of layers.entries()) {
    const row = rows[index] as (typeof rows)[number];
    const before = known?.by === by ? known.layers.find(({ name }) => name === layer.name) : undefined;
    for (const config of [null, ...options]) {
      throwIfAborted(signal);
      const isThis = (each: { readonly config: StepConfig | null }): boolean => sameJson(each.config, config);
      const [was, wasRefused] = [before?.options.find(isThis), before?.refused.find(isThis)];
      const found = was ?? wasRefused ?? (await measure(layer, config));
      if ('reason' in found) row.refused.push(found);
      else row.options.push(found);
      if (!was && !wasRefused) await onMeasured?.(table());
    }
  }
  return table();

  async function measure(layer: NamedParameter, config: StepConfig | null): Promise<MeasuredOption | RefusedOption> {
    const changed = await copyModel(model);
    try {
      if (config) await change(changed, layer.name, make({ ...config, include: [layer.name] }));
      const parameter = changed.namedParameters().get(layer.name);
      if (!parameter) throw new RecipeError(place, `${config?.type} leaves no ${layer.name}, which bytes could be of`);
      const { bytes } = await measureParameter(layer.name, parameter);
      const milliseconds = timing && (await measureLayer(changed, layer.name, judged, timing));
      const worse = config ? await judge.damage(changed) : { damage: 0, error: 0 };
      if (config && !Number.isFinite(worse.damage))
        return { config, reason: `the ${by === 'loss' ? 'loss' : 'outputs'} of the model would not be finite` };
      return { config, ...worse, bytes, ...(milliseconds && { milliseconds }) };
    } catch (error) {
      // Some layers have no room for an option: groups that do not fit, inputs that are not seen.
      if (!(error instanceof TensorError) || !config) throw error;
      return { config, reason: error.message };
    } finally {
      changed.dispose();
    }
  }

  async function change(changed: Module, name: string, pass: Pass): Promise<void> {
    const context = { data, original: model, seed: given.seed ?? 0, signal, loss: loss ?? given.loss };
    const plan = await pass.plan(changed, context);
    const applied = await plan.apply();
    await applied.finalize(undefined);
    if (applied.model !== changed)
      throw new RecipeError(
        place,
        `${pass.config.type} puts another network in place of ${name}; it is no option of a layer`,
      );
  }
}

/** Whether two values are the same JSON, in whatever order their members were written. */
function sameJson(a: unknown, b: unknown): boolean {
  return JSON.stringify(sorted(a as Json)) === JSON.stringify(sorted(b as Json));
}

/** A JSON value with the members of its objects in order. */
export function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map((each: Json) => sorted(each));
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(members.map(([name, each]) => [name, sorted(each)]));
}
