/** The pass that gives each layer as many bits as it needs. */
import type { Json, Module } from '@espalier/nn';
import { warnOnce } from '@espalier/tensor';
import { anObject } from '@espalier/tensor/arguments';
import { RecipeError } from '../errors.ts';
import { digestOfModel } from '../layout/model-digest.ts';
import { quote } from '../quote.ts';
import { integerOption, numberOption, oneOf, optionsOf } from '../recipe/options.ts';
import type { Pass, PassContext, PassPlan, PassRecord, StepConfig } from '../recipe/pass.ts';
import {
  checkFilter,
  selectParameters,
  type NamedParameter,
  type ParameterFilter,
} from '../selection/parameter-filter.ts';
import { readWeights } from '../selection/weights.ts';
import { allocate, type AllocatedOption, type Allocation } from './allocate.ts';
import { measureTable, type MakePass } from './measure.ts';
import { aTable, type MeasuredLayer, type MeasuredTable } from './measured-table.ts';
import type { SensitivityLayer, SensitivityTable } from './table.ts';

/** Options of `mixed`: what all weights may take together, as `bits` a weight or as `bytes`. */
export interface MixedOptions extends ParameterFilter {
  /** Bits a weight, scales and all: 3.5. */
  readonly bits?: number;
  /** Bytes of all weights in a file. */
  readonly bytes?: number;
  /**
   * What may be done to a layer: passes without training, as JSON. Default: GPTQ of 2, 3 and 4 bits, with a scale for each row or
   * for each 128, 64 or 32 columns, and of 8 bits. To leave a layer as it is always is an option.
   */
  readonly options?: readonly StepConfig[];
  /** What `sensitivity` measured for this model, so that another budget takes no other measurement. Default: measured here. */
  readonly table?: SensitivityTable;
  /** What damage is, where it is measured here (see `sensitivity`). Default: `outputs`, which every change of numbers moves. */
  readonly by?: 'loss' | 'outputs';
  /** On how many examples it is measured. Default: 1,024. */
  readonly examples?: number;
}

const few = [2, 3, 4].map((bits): StepConfig => ({ type: 'gptq', bits, scales: 'f16' }));
const groups = [128, 64, 32];

/** What `mixed` tries on each layer unless it is told. */
export const mixedOptions: readonly StepConfig[] = [
  ...few,
  ...groups.flatMap((group) => few.map((config) => ({ ...config, group }))),
  { type: 'gptq', bits: 8 },
];

/**
 * Makes the pass `mixed`, given how options become passes. The damage of each option of each layer is measured alone, and
 * `allocate` finds what does the least within the budget.
 */
export function mixedBy(make: MakePass): (options: MixedOptions) => Pass {
  return (options) => {
    const place = 'mixed';
    optionsOf(place, options, ['bits', 'bytes', 'options', 'table', 'by', 'examples', 'include', 'exclude']);
    const { bits, bytes, options: tried = mixedOptions, table, by = 'outputs', examples = 1024 } = options;
    if ((bits === undefined) === (bytes === undefined))
      throw new RecipeError(place, `has bits ${quote(bits)} and bytes ${quote(bytes)}; give one of both`);
    for (const [name, value] of Object.entries({ bits, bytes }))
      if (value !== undefined) numberOption(place, name, value, { above: 0 });
    if (!Array.isArray(tried) || tried.length === 0)
      throw new RecipeError(place, `options is ${quote(tried)}; it must be a list of passes as JSON`);
    oneOf(place, 'by', by, ['loss', 'outputs']);
    integerOption(place, 'examples', examples, 1);
    checkFilter(place, options);
    if (table !== undefined && !aTable.holds(table))
      throw new RecipeError(place, `table is ${quote(table)}; give what sensitivity measured, ${aTable.is}`);
    const passes = (table ? optionsIn(table) : tried).map((each) => makeOption(place, make, each));
    const config: StepConfig = { type: place, ...(options as object as { readonly [option: string]: Json }) };

    async function plan(model: Module, context: PassContext): Promise<PassPlan> {
      const chosen = selectParameters(place, model, options);
      for (const each of chosen) await readWeights(place, each);
      const size = chosen.reduce((sum, { parameter }) => sum + parameter.size, 0);
      const budget = bytes === undefined ? bitsEach(bits as number, size) : { bytes, words: `bytes is ${bytes}` };
      const known = table && { layers: ofLayers(place, table, chosen) };
      if (table?.model !== undefined && table.model !== (await digestOfModel(model)))
        warnOnce(
          table,
          `${place}: the table was measured of another model than the one that is rounded, of which it may say little; measure it of this one`,
        );
      // What cannot be is said before anything is done.
      if (known) within(known, budget);
      const words = `round ${chosen.length} tensors to ${bits === undefined ? `${bytes} bytes` : `${bits} bits a weight`}, each to what it bears`;
      return {
        summary: words,
        apply: async () => {
          const found = within(known ?? (await measure(model, context, chosen)), budget);
          const records = await applyAll(model, context, found);
          const finalize = async (): Promise<PassRecord> => ({
            config,
            summary: words,
            details: detailsOf(found, records),
          });
          return { model, finalize };
        },
      };
    }

    async function measure(
      model: Module,
      { data, seed, signal, loss }: PassContext,
      chosen: readonly NamedParameter[],
    ): Promise<MeasuredTable> {
      return measureTable(
        place,
        model,
        {
          // Decisions of a pass are made on what it may train on.
          data: data?.train ? { train: data.train } : {},
          options: tried,
          by,
          examples,
          seed,
          include: chosen.map(({ name }) => name),
          ...(signal && { signal }),
          ...(loss !== undefined && { loss }),
        },
        make,
      );
    }

    /** Those that are alike in one go, so that calibration sees each layer behind those that were changed before. */
    async function applyAll(
      model: Module,
      context: PassContext,
      { layers }: Allocation,
    ): Promise<readonly PassRecord[]> {
      const alike = new Map<string, AllocatedOption[]>();
      for (const each of layers) {
        const key = JSON.stringify(each.option.config);
        alike.set(key, [...(alike.get(key) ?? []), each]);
      }
      const records: PassRecord[] = [];
      for (const group of alike.values()) {
        const each = group[0]?.option.config;
        if (!each) continue;
        const pass = make({ ...each, include: group.map(({ name }) => name) });
        const applied = await (await pass.plan(model, context)).apply();
        records.push(await applied.finalize(undefined));
      }
      return records;
    }

    const needs = table || passes.some((pass) => pass.needs === 'calibration') ? 'calibration' : 'nothing';
    return {
      config,
      needs: table ? needs : 'calibration',
      effects: [...new Set(passes.flatMap(({ effects }) => effects))],
      plan,
    };
  };
}

/** @throws {RecipeError} for an option that trains, or says itself which layers it is of. */
function makeOption(place: string, make: MakePass, config: StepConfig): Pass {
  if (!anObject.holds(config))
    throw new RecipeError(place, `has the option ${quote(config)}; it must be a pass as JSON`);
  const pass = make(config);
  if (pass.needs === 'training' || 'include' in config || 'exclude' in config)
    throw new RecipeError(
      place,
      `has the option ${quote(config)}; options are of one layer each and train nothing, so leave training, include and exclude out`,
    );
  return pass;
}

/** The different options of a table. */
function optionsIn({ layers }: SensitivityTable): StepConfig[] {
  const all = layers.flatMap(({ options }) => options.flatMap(({ config }) => (config ? [config] : [])));
  return [...new Map(all.map((config) => [JSON.stringify(config), config])).values()];
}

/** @throws {RecipeError} for a layer that the table does not have. */
function ofLayers(
  place: string,
  { layers }: SensitivityTable,
  chosen: readonly NamedParameter[],
): SensitivityTable['layers'] {
  return chosen.map(({ name }) => {
    const found = layers.find((layer) => layer.name === name);
    if (!found)
      throw new RecipeError(
        place,
        `the table has no ${name}, but ${layers.map((layer) => layer.name).join(', ')}; exclude it, or measure it`,
      );
    return found;
  });
}

/** What all weights may take, and how it was asked for. */
interface AskedBudget {
  readonly bytes: number;
  readonly words: string;
}

function bitsEach(bits: number, weights: number): AskedBudget {
  const bytes = Math.floor((weights * bits) / 8);
  return { bytes, words: `bits is ${bits}, ${bytes} bytes for ${weights} weights` };
}

/**
 * What `allocate` finds.
 * @throws {RecipeError} with the reason, where the smallest options take more.
 */
function within(
  table: { readonly layers: readonly (SensitivityLayer & Partial<Pick<MeasuredLayer, 'refused'>>)[] },
  { bytes, words }: AskedBudget,
): Allocation {
  const least = table.layers.reduce((sum, { options }) => sum + Math.min(...options.map((each) => each.bytes)), 0);
  if (!(least > bytes)) return allocate(table, { bytes });
  const stuck = table.layers.find(({ options }) => options.every(({ config }) => config === null));
  const [refused] = stuck?.refused ?? [];
  const remedy = refused
    ? `, since ${stuck?.name} can have none of the options: ${refused.reason}`
    : '; give more, or smaller options';
  throw new RecipeError('mixed', `${words}, and the smallest options take ${least}${remedy}`);
}

function detailsOf({ layers, bytes, damage }: Allocation, records: readonly PassRecord[]): Json {
  const found: Record<string, Json> = {};
  for (const { name, option } of layers) {
    const own = records.map(({ details }) => (Object(details) as Record<string, Json>)[name]).find(Boolean);
    found[name] = { config: option.config, damage: option.damage, bytes: option.bytes, ...(Object(own) as object) };
  }
  return { bytes, damage, layers: found };
}
