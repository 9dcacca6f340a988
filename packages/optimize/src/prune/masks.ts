/** Growing the masks of some tensors, by a score. */
import { readWeights } from '../selection/weights.ts';
import { chooseDropped } from './allocate.ts';
import type { Gatherer } from './gather.ts';
import { scoreWeights } from './importance.ts';
import { maskOf, setMask } from './mask-view.ts';
import type { CheckedRanking } from './options.ts';
import { isNOfM, markInGroups, markWeights, unitScores } from './pattern.ts';
import type { PrunedTensors } from './tensors.ts';

/** What masks grow by. */
export interface MaskGrowth {
  readonly place: string;
  readonly tensors: PrunedTensors;
  readonly ranking: CheckedRanking;
  readonly gatherer: Gatherer;
  readonly seed: number;
}

/**
 * Grows the masks until so much of each tensor is gone, or of all together. Of a pattern n:m it is the share of what the
 * pattern is to take away: 1 for all of it.
 */
export async function growMasks(
  { place, tensors, ranking, gatherer, seed }: MaskGrowth,
  targets: readonly number[],
): Promise<void> {
  const { chosen, bounds } = tensors;
  const { method, scope, units } = ranking;
  const evidence = await gatherer.gather();
  const scores = await Promise.all(
    chosen.map(async (each, index) => {
      const found = await scoreWeights(method, await readWeights(place, each), each, seed, evidence[index]);
      const kept = await maskOf(each.parameter)?.kept();
      return kept ? found.map((score, at) => (kept[at] === 1 ? score : -Infinity)) : found;
    }),
  );
  const shapeOf = (index: number): readonly number[] => chosen[index]?.parameter.shape ?? [];
  const dropped = isNOfM(units)
    ? scores.map((each, index) => markInGroups(units, each, shapeOf(index), targets[index] as number))
    : chooseDropped(
        scores.map((each, index) => unitScores(units, each, shapeOf(index))),
        targets,
        scope,
        bounds.map(({ minimum, maximum }, index) => ({
          minimum: Math.min(minimum, targets[index] as number),
          maximum,
        })),
      ).map((marks, index) => markWeights(units, marks, scores[index] as Float32Array, shapeOf(index)));
  for (const [index, { parameter }] of chosen.entries())
    setMask(
      parameter,
      (dropped[index] as Uint8Array).map((mark) => 1 - mark),
    );
}

/** Gives parameters without a mask one that keeps everything: it has to be there when a step is compiled. */
export function openMasks({ chosen }: PrunedTensors): void {
  for (const { parameter } of chosen)
    if (!maskOf(parameter)) setMask(parameter, new Uint8Array(parameter.size).fill(1));
}

/** Figures of the masks, by the names of their tensors. */
export async function describeMasks({
  chosen,
}: PrunedTensors): Promise<Record<string, { size: number; kept: number; sparsity: number }>> {
  const figures = chosen.map(async ({ name, parameter }) => {
    const kept = ((await maskOf(parameter)?.kept()) ?? new Uint8Array(parameter.size).fill(1)).reduce(
      (count, each) => count + each,
      0,
    );
    return [name, { size: parameter.size, kept, sparsity: 1 - kept / parameter.size }] as const;
  });
  return Object.fromEntries(await Promise.all(figures));
}
