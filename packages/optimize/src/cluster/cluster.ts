/** The pass that has weights share few values. */
import { deriveSeed, type Json, type Module } from '@espalier/nn';
import { clusterStarts, fromTyped, Generator, kMeans, type ClusterStart } from '@espalier/tensor';
import { maskOf } from '../prune/mask-view.ts';
import { relativeError } from '../quantize/fitting.ts';
import { settle } from '../quantize/settle.ts';
import { choiceSpace } from '../recipe/choice-space.ts';
import { integerOption, oneOf, optionsOf } from '../recipe/options.ts';
import type { AppliedPass, Pass, PassContext, PassPlan, PassRecord, StepConfig } from '../recipe/pass.ts';
import { checkTraining, trainedFor } from '../recipe/training.ts';
import type { TrainingConfig } from '../recipe/training-config.ts';
import {
  checkFilter,
  selectParameters,
  type NamedParameter,
  type ParameterFilter,
} from '../selection/parameter-filter.ts';
import { checkPatternsUsed, checkPerTensor, isMap, valueFor, type PerTensor } from '../selection/per-tensor.ts';
import { readWeights } from '../selection/weights.ts';
import { setCodebook } from './codebook-view.ts';

/** Options of `cluster`. */
export interface ClusterOptions extends ParameterFilter {
  /**
   * Bits of a code, 1 to 8: a tensor has 2^bits values, of which one is the 0 of what was pruned, if anything was. Or the bits of
   * each tensor, by the first pattern over names that stands for it: `{ '5.weight': 3, '*': 4 }`; others stay as they are.
   * Default: 4.
   */
  readonly bits?: PerTensor;
  /** Where k-means begins. Default: `exact`. */
  readonly start?: ClusterStart;
  /** A training in which the values are moved, each by the gradients of all weights that share it. Default: none. */
  readonly train?: TrainingConfig;
}

/**
 * Has the weights of each tensor share a few values, found by k-means of those that are there; what was pruned stays 0.
 * Training moves the values, not the weights. Files hold a code for each weight and the table of the values.
 * Source: S. Han, H. Mao and W. Dally, "Deep Compression: compressing deep neural networks with pruning, trained quantization
 * and Huffman coding", ICLR 2016.
 * @throws {RecipeError} for options that contradict themselves.
 *
 * @example
 * cluster({ bits: 4, train: { epochs: 2, optimizer: { type: 'adam', lr: 1e-4 } } })
 */
export function cluster(options: ClusterOptions = {}): Pass {
  const place = 'cluster';
  optionsOf(place, options, ['bits', 'start', 'train', 'include', 'exclude']);
  const { bits = 4, start = 'exact', train } = options;
  checkPerTensor(place, 'bits', bits, { least: 1, most: 8 });
  for (const each of isMap(bits) ? Object.values(bits) : [bits]) integerOption(place, 'bits', each, 1);
  oneOf<ClusterStart>(place, 'start', start, clusterStarts);
  checkTraining(`${place}.train`, train);
  checkFilter(place, options);
  const config: StepConfig = { type: place, ...(options as object as { readonly [option: string]: Json }) };

  async function plan(model: Module, { seed }: PassContext): Promise<PassPlan> {
    const all = selectParameters(place, model, options);
    checkPatternsUsed(place, 'bits', bits, all);
    const chosen = all.filter(({ name }) => valueFor(bits, name) !== undefined);
    for (const each of chosen) await readWeights(place, each);
    const most = 2 ** Math.max(...chosen.map(({ name }) => valueFor(bits, name) ?? 0));
    const words = `have the weights of ${chosen.length} tensors share up to ${most} values each`;
    return { summary: words, apply: () => apply(model, chosen, deriveSeed(seed, place), words) };
  }

  async function apply(
    model: Module,
    chosen: readonly NamedParameter[],
    seed: number,
    words: string,
  ): Promise<AppliedPass> {
    const details: Record<string, Json> = {};
    for (const each of chosen) details[each.name] = await share(each, seed);
    const finalize: AppliedPass['finalize'] = async (training): Promise<PassRecord> => {
      await Promise.all(chosen.map(({ parameter }) => settle(parameter)));
      return { config, summary: `${words}${trainedFor(train && training)}`, details };
    };
    return { model, ...(train && { training: {} }), finalize };
  }

  async function share({ name, parameter }: NamedParameter, seed: number): Promise<Json> {
    const values = await readWeights(place, { name, parameter });
    const kept = await maskOf(parameter)?.kept();
    const own = kept ? values.filter((_, index) => kept[index] === 1) : values;
    const count = 2 ** (valueFor(bits, name) as number) - Number(kept !== undefined);
    const { centres, codes: found } = kMeans(own, count, {
      start,
      generator: new Generator(deriveSeed(seed, name)),
    });
    let next = 0;
    const codes = Uint8Array.from(values, (_, index) =>
      kept === undefined ? (found[index] as number) : kept[index] === 0 ? 0 : (found[next++] as number) + 1,
    );
    const table = kept ? Float32Array.of(0, ...centres) : centres;
    const shared = Float32Array.from(codes, (code) => table[code] as number);
    const { shape, device } = parameter.tensor;
    parameter.tensor.assign(fromTyped(shared, shape, { device }).realizeSync());
    setCodebook(parameter, codes, { zero: kept !== undefined });
    return { values: centres.length, relativeError: relativeError(values, shared) };
  }

  return {
    config,
    ...(train && { train }),
    needs: train ? 'training' : 'nothing',
    effects: ['numbers', 'shared'],
    ...(!isMap(bits) && {
      space: choiceSpace('bits', bits, [4, 3, 5], (value) => cluster({ ...options, bits: value })),
    }),
    plan,
  };
}
