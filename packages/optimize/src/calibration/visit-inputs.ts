/** Visits the weights of a model with what they are multiplied with, as examples of a dataset show it. */
import {
  batches,
  callContext,
  throwIfAborted,
  type AbortSignalLike,
  type CallSite,
  type Dataset,
  type Module,
} from '@espalier/nn';
import { concat, dryRun, noGrad, scope, type Tensor } from '@espalier/tensor';
import { RecipeError } from '../errors.ts';
import type { NamedParameter } from '../selection/parameter-filter.ts';
import { Entries, type Found } from './entries.ts';
import { spreadExamples } from './examples.ts';

/** Sums over the inputs of one call of a module. */
export interface InputSums {
  /** Of any shape, f32. */
  readonly sums: Tensor;
  /** How many inputs were added up. */
  readonly count: number;
}

/** What is measured of the inputs of modules. */
export interface InputMeasure {
  /** Whether the inputs of a module are factors of its weight. */
  readonly measures: (module: Module) => boolean;
  readonly sumsOf: (input: Tensor, module: Module) => InputSums;
  /** Whether it is measured for a weight at all; what is not comes without. Default: for all. */
  readonly suits?: (parameter: NamedParameter) => boolean;
  /** Examples that go through the model at once. */
  readonly batchSize: number;
}

/** How a dataset is visited. */
export interface InputVisit {
  /** The pass, for errors. */
  readonly place: string;
  readonly measure: InputMeasure;
  readonly data: Dataset;
  /** Examples, spread evenly over the dataset. */
  readonly count: number;
  /** Ends it between two batches. */
  readonly signal?: AbortSignalLike | undefined;
  /** What becomes of a weight that belongs to modules of which no call is seen. Default: `refuse`. */
  readonly unseen?: 'refuse' | 'visit';
  /**
   * Whether the visitor changes the weights that it is given and nothing else, so that weights which are multiplied with one tensor
   * are measured once, and what is called before them is computed once. Default: false.
   */
  readonly sharesInputs?: boolean;
}

/** Reads something of the inputs of the modules of one weight, in batches of examples. */
export interface InputWatch {
  readonly batchSize: number;
  /** What is read of each call, on the device. */
  readonly of: (input: Tensor, module: Module) => Tensor;
  /** Given what was read of a call; those of a batch are counted from 0. */
  readonly take: (values: Float32Array, call: number) => void;
}

/**
 * What is done with a parameter, given the means of what was measured over its inputs; of some there are none. `watch` lets it
 * see more of those inputs.
 */
export type InputVisitor = (
  parameter: NamedParameter,
  means: Float64Array | undefined,
  watch: (watch: InputWatch) => Promise<void>,
) => Promise<void>;

/**
 * Visits parameters one after the other, in the order in which an example meets them, each with what was measured at the
 * modules that it belongs to. The inputs are those of the model in evaluation as it is by then: what the visitor did to a
 * layer is in what the layers behind it see. Parameters of modules that are not measured (embeddings) come without.
 * @throws {RecipeError} before the first visit, for a module whose calls are not seen, unless those are to be visited too.
 */
export async function visitInputs(
  model: Module,
  parameters: readonly NamedParameter[],
  visit: InputVisit,
  visitor: InputVisitor,
): Promise<void> {
  model.eval();
  const { data, measure, count, place, signal } = visit;
  const rows = spreadExamples(data.size, count);
  const { calls, sites } = await callsInOrder(model, data, measure);
  const order = [...calls.keys()];
  const entries = new Entries(visit.sharesInputs ? sites : []);
  const located = parameters.map((each) => {
    const modules = order.filter((module) => owns(module, each));
    if (modules.length === 0 && visit.unseen !== 'visit') checkUnseen(place, model, each, measure);
    return { each, modules: new Set(modules), at: modules[0] ? order.indexOf(modules[0]) : order.length };
  });
  let last: { readonly input: Tensor; readonly means: Float64Array } | undefined;
  try {
    for (const { each, modules } of located.toSorted((a, b) => a.at - b.at)) {
      throwIfAborted(signal);
      const watch = (what: InputWatch): Promise<void> => watchInputs(model, modules, visit, rows, what);
      const [first] = modules;
      if (!first || measure.suits?.(each) === false) {
        await visitor(each, undefined, watch);
        continue;
      }
      const inputs = [...modules].flatMap((module) => calls.get(module) as Tensor[]);
      const input =
        visit.sharesInputs && inputs.length === 1 && each.parameter.inputs.length === 0 ? inputs[0] : undefined;
      let means = input !== undefined && input === last?.input ? last.means : undefined;
      if (!means) {
        entries.approach(sites.find(({ module }) => module === first)?.name ?? '');
        means = await measureInputs(visit, each, (what) => watchInputs(model, modules, visit, rows, what, entries));
        entries.settle();
      }
      last = input && { input, means };
      await visitor(each, means, watch);
    }
  } finally {
    entries.dispose();
  }
}

/** The modules that are measured, as an example meets them, once each, with what each call of them was given; and all calls. */
async function callsInOrder(
  model: Module,
  data: Dataset,
  { measures }: InputMeasure,
): Promise<{ readonly calls: ReadonlyMap<Module, readonly Tensor[]>; readonly sites: readonly CallSite[] }> {
  const { x, y } = await data.batch([0]);
  const { shape, dtype, device } = x;
  x.dispose();
  y.dispose();
  const calls = new Map<Module, Tensor[]>();
  const sites: CallSite[] = [];
  const input = (value: Tensor, site: CallSite): void => {
    const { module } = site;
    sites.push(site);
    if (measures(module)) calls.set(module, [...(calls.get(module) ?? []), value]);
  };
  const context = callContext({ taps: [{ at: () => true, input }] });
  dryRun([{ shape, dtype, device }], (given) => noGrad(() => model.call(given, context).shape));
  return { calls, sites };
}

/** @throws {RecipeError} for a parameter whose inputs can be measured, of modules that were not met. */
function checkUnseen(place: string, model: Module, each: NamedParameter, { measures }: InputMeasure): void {
  for (const [name, module] of model.namedModules())
    if (measures(module) && owns(module, each))
      throw new RecipeError(
        place,
        `cannot calibrate ${each.name}: no call of ${name} is seen; the module that holds it must call it with call(x, context) instead of forward(x); if nobody calls it, exclude ${each.name}`,
      );
}

/** Whether a parameter, or one that is tied to it, is a module's own. */
function owns(module: Module, { parameter }: NamedParameter): boolean {
  return [...module.namedParameters({ own: true }).values()].some(({ identity }) => identity === parameter.identity);
}

/** Lets somebody see the inputs of modules on some examples of the data. */
async function watchInputs(
  model: Module,
  modules: ReadonlySet<Module>,
  { data, signal }: InputVisit,
  rows: Int32Array,
  { batchSize, of, take }: InputWatch,
  entries?: Entries,
): Promise<void> {
  for (const [batch, part] of batches(rows, batchSize).entries()) {
    throwIfAborted(signal);
    const { x, y } = await data.batch(part);
    const sizes: number[] = [];
    const { joined, found } = scope(() => {
      const entered: Found = {};
      const all: Tensor[] = [];
      const input = (value: Tensor, { module }: CallSite): void => {
        const read = of(value, module);
        all.push(read.reshape([read.size]));
        sizes.push(read.size);
      };
      const own = { at: (_: string, module: Module) => modules.has(module), input };
      const taps = [...(entries?.taps(batch, entered) ?? []), own];
      // The output is asked for by nobody, so that nothing behind the last of these modules is computed.
      noGrad(() => model.call(x, callContext({ taps })));
      return { joined: concat(all), found: entered };
    });
    entries?.keep(batch, found);
    const values = (await joined.data()) as Float32Array;
    let offset = 0;
    for (const [call, size] of sizes.entries()) {
      take(values.subarray(offset, offset + size), call);
      offset += size;
    }
    for (const tensor of [x, y, joined]) tensor.dispose();
  }
}

/** The means of modules that share a weight, added up; several calls count alike. */
async function measureInputs(
  { place, measure }: InputVisit,
  { name }: NamedParameter,
  watch: (watch: InputWatch) => Promise<void>,
): Promise<Float64Array> {
  const calls: { readonly sums: Float64Array; count: number }[] = [];
  const counts: number[] = [];
  await watch({
    batchSize: measure.batchSize,
    of: (input, module) => {
      const { sums, count } = measure.sumsOf(input, module);
      counts.push(count);
      return sums;
    },
    take: (values, call) => {
      const known = (calls[call] ??= { sums: new Float64Array(values.length), count: 0 });
      for (let index = 0; index < values.length; index++)
        known.sums[index] = (known.sums[index] as number) + (values[index] as number);
      known.count += counts.shift() as number;
    },
  });
  const [first] = calls;
  if (!first) return new Float64Array();
  if (calls.some(({ sums }) => sums.length !== first.sums.length))
    throw new RecipeError(
      place,
      `cannot calibrate ${name}: the modules that share it have inputs of different sizes; exclude ${name}`,
    );
  const means = new Float64Array(first.sums.length);
  for (const { sums, count } of calls)
    for (let index = 0; index < means.length; index++)
      means[index] = (means[index] as number) + (sums[index] as number) / count;
  return means;
}
