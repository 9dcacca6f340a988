/** Finds a type for each matrix of a model, so that goals are kept: measured by kind, chosen by tensor, and judged on other tokens. */
import type { ModelInParts } from '@espalier/models';
import { throwIfAborted, type AbortSignalLike, type Module } from '@espalier/nn';
import { allocate, type SensitivityTable } from '@espalier/optimize';
import { ArgumentError, defaultDevice, type Device } from '@espalier/tensor';
import { planCompression, targetOf, type CompressionPlan, type PlannedTensor, type TypeRule } from '../plan.ts';
import { storedType, typeNames } from '../types.ts';
import type { CalibrationIds } from '../pieces.ts';
import { ChangedWeights } from './changed-weights.ts';
import { referenceOf, type Reference } from './divergence.ts';
import type { CompressionGoals } from './goals.ts';

/** What a search needs to know. */
export interface TypeSearchOptions {
  readonly goals: CompressionGoals;
  /** Sequences that the damage of each kind of tensor is measured on. */
  readonly ids: CalibrationIds;
  /** Other sequences, which what was chosen is judged by. */
  readonly judge: CalibrationIds;
  /** Types that are tried. Default: all blocks of GGUF, and F16. */
  readonly types?: readonly string[];
  /** What a file takes beside its tensors. Default: 0. */
  readonly overhead?: number;
  /** Default: `defaultDevice()`. */
  readonly device?: Device;
  readonly signal?: AbortSignalLike | undefined;
  readonly onMeasured?: ((measured: MeasuredType, done: number, of: number) => void) | undefined;
}

/** What all tensors of a kind lose the model as one type. */
export interface MeasuredType {
  /** `blk.*.ffn_up.weight` */
  readonly kind: string;
  readonly type: string;
  readonly kl: number;
  readonly bytes: number;
}

/** A choice that was judged. */
export interface TriedTypes {
  /** How many tensors are of each type. */
  readonly types: Readonly<Record<string, number>>;
  /** Of the file. */
  readonly bytes: number;
  /** What the measurements of kinds add up to. */
  readonly expected: number;
  /** On the sequences that judge. */
  readonly kl: number;
}

/** What a search found. It is plain JSON. */
export interface TypeSearch {
  /** For `planCompression`. */
  readonly rules: readonly TypeRule[];
  readonly best: TriedTypes;
  readonly isKept: boolean;
  readonly tried: readonly TriedTypes[];
  readonly measured: readonly MeasuredType[];
}

/** Tensors of one name but for the number of the layer. */
export const kindOf = (name: string): string => name.replaceAll(/\.\d+\./gu, '.*.');

/** How many choices are judged where only the divergence is limited. */
const mostTries = 6;

interface Measured {
  readonly table: SensitivityTable;
  readonly measured: readonly MeasuredType[];
}

/**
 * Searches types for the matrices of a model. Each kind of tensor is measured in each type that makes it smaller, all else as it is; its
 * divergence is shared among its tensors by what rounding moves of each; the choice within the budget that adds up to the least is exact.
 * What was chosen is judged as a whole, on other tokens.
 * @param module the model with its weights as f32, which is as it was afterwards
 * @throws {ArgumentError} without a goal or without sequences, and for a budget that the smallest types exceed.
 */
export async function searchTypes(
  model: ModelInParts,
  module: Module,
  options: TypeSearchOptions,
): Promise<TypeSearch> {
  const { goals, ids, judge, overhead = 0, device = defaultDevice() } = options;
  const { bytes, kl } = goals;
  if (bytes === undefined && kl === undefined)
    throw new ArgumentError('searchTypes', 'has no goal; give the most bytes, the most divergence, or both');
  if (ids.length === 0 || judge.length === 0)
    throw new ArgumentError('searchTypes', 'needs sequences to measure on, and others to judge by; give a longer text');
  const plan = planCompression(model, { to: 'gguf' });
  const weights = new ChangedWeights(model, module, device);
  const { table, measured } = await measureKinds(model, module, plan, weights, { ...options, device });
  const fixed = plan.bytesAfter - sumOf(table, (sizes) => sizes.at(-1) as number);
  const reference = referenceOf(module, judge, device);
  const tried: (TriedTypes & { readonly rules: readonly TypeRule[] })[] = [];
  const attempt = async (most: number): Promise<TriedTypes> => {
    throwIfAborted(options.signal);
    const judged = await judgeTypes(model, module, { table, most: most - fixed - overhead, reference, weights });
    tried.push({ ...judged, bytes: judged.bytes + fixed + overhead });
    return judged;
  };
  try {
    if (bytes !== undefined) await attempt(bytes);
    else {
      let [low, high] = [overhead + fixed + sumOf(table, (sizes) => sizes[0] as number), overhead + plan.bytesAfter];
      for (let trial = 0; trial < mostTries; trial++) {
        const middle = trial === 0 ? low : (low + high) / 2;
        if ((await attempt(middle)).kl <= (kl as number)) high = middle;
        else low = middle;
        if (high <= low) break;
      }
    }
  } finally {
    reference.dispose();
  }
  const keeps = (each: TriedTypes): boolean => each.kl <= (kl ?? Infinity) && each.bytes <= (bytes ?? Infinity);
  const kept = tried.filter(keeps).toSorted((a, b) => (bytes === undefined ? a.bytes - b.bytes : a.kl - b.kl));
  const chosen = kept[0] ?? tried.toSorted((a, b) => a.kl - b.kl)[0];
  const { rules, ...best } = chosen as (typeof tried)[number];
  return {
    rules,
    best,
    isKept: keeps(best),
    tried: tried.map(({ types, bytes: size, expected, kl: found }) => ({ types, bytes: size, expected, kl: found })),
    measured,
  };
}

/** A sum over layers of one of the sizes that each may have, from the smallest to the largest. */
function sumOf({ layers }: SensitivityTable, pick: (sizes: readonly number[]) => number): number {
  return layers.reduce(
    (sum, { options }) => sum + pick(options.map(({ bytes }) => bytes).toSorted((a, b) => a - b)),
    0,
  );
}

async function measureKinds(
  model: ModelInParts,
  module: Module,
  plan: CompressionPlan,
  weights: ChangedWeights,
  options: TypeSearchOptions & { readonly device: Device },
): Promise<Measured> {
  const { ids, types = typeNames.gguf, device, onMeasured, signal } = options;
  const { owners } = targetOf(model, 'gguf');
  const kinds = new Map<string, PlannedTensor[]>();
  for (const each of plan.tensors)
    if (each.shape.length === 2 && owners.has(each.name))
      kinds.set(kindOf(each.name), [...(kinds.get(kindOf(each.name)) ?? []), each]);
  const work = [...kinds].flatMap(([kind, tensors]) =>
    types.flatMap((type) => (makesSmaller(tensors, type) ? [{ kind, tensors, type }] : [])),
  );
  const reference = referenceOf(module, ids, device);
  const found = new Map<string, { config: { type: string } | null; damage: number; bytes: number }[]>();
  for (const each of plan.tensors) found.set(each.name, [{ config: null, damage: 0, bytes: each.bytesAfter }]);
  const measured: MeasuredType[] = [];
  try {
    for (const { kind, tensors, type } of work) {
      throwIfAborted(signal);
      const moved: number[] = [];
      for (const { name } of tensors) {
        let own = 0;
        for (const parameter of owners.get(name) ?? []) own += await weights.round(parameter, type);
        moved.push(own);
      }
      const kl = Math.max(0, await reference.divergence(module));
      await weights.restore();
      const all = moved.reduce((sum, each) => sum + each, 0);
      let bytes = 0;
      for (const [at, { name, shape }] of tensors.entries()) {
        const taken = storedType('gguf', type)?.bytes(shape) as number;
        const share = all === 0 ? 1 / tensors.length : (moved[at] as number) / all;
        found.get(name)?.push({ config: { type }, damage: kl * share, bytes: taken });
        bytes += taken;
      }
      measured.push({ kind, type, kl, bytes });
      onMeasured?.(measured.at(-1) as MeasuredType, measured.length, work.length);
    }
  } finally {
    reference.dispose();
  }
  const names = [...kinds.values()].flatMap((tensors) => tensors.map(({ name }) => name));
  return { measured, table: { layers: names.map((name) => ({ name, options: found.get(name) ?? [] })) } };
}

function makesSmaller(tensors: readonly PlannedTensor[], name: string): boolean {
  const type = storedType('gguf', name);
  return tensors.every(
    ({ shape, bytesAfter }) =>
      type !== undefined && (shape.at(-1) ?? 1) % type.columns === 0 && type.bytes(shape) < bytesAfter,
  );
}

interface Judging {
  readonly table: SensitivityTable;
  readonly most: number;
  readonly reference: Reference;
  readonly weights: ChangedWeights;
}

async function judgeTypes(
  model: ModelInParts,
  module: Module,
  { table, most, reference, weights }: Judging,
): Promise<TriedTypes & { readonly rules: readonly TypeRule[] }> {
  const { layers, bytes, damage } = allocate(table, { bytes: Math.max(0, most) });
  const { owners } = targetOf(model, 'gguf');
  const rules: TypeRule[] = [];
  const types: Record<string, number> = {};
  for (const { name, option } of layers) {
    const type = typeof option.config?.type === 'string' ? option.config.type : 'kept';
    types[type] = (types[type] ?? 0) + 1;
    if (type === 'kept') continue;
    rules.push({ tensors: name, type });
    for (const own of owners.get(name) ?? []) await weights.round(own, type);
  }
  const kl = await reference.divergence(module);
  await weights.restore();
  return { types, bytes, expected: damage, kl, rules };
}
