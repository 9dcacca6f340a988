/** What became of each weight. */
import type { Module } from '@espalier/nn';
import type { Cost } from '../cost/cost.ts';

/** One weight before and after. */
export interface WeightReport {
  readonly name: string;
  readonly shape: readonly number[];
  /** The share of its numbers that are 0. */
  readonly sparsity: number;
  /** Bits of the file for each of its numbers, zeros among them. */
  readonly bits: number;
  readonly layout: string;
  readonly format: string;
  readonly bytes: number;
  readonly before: { readonly shape: readonly number[]; readonly bytes: number };
  /** How far its numbers moved: the square of the distance, as a part of the square of what they were. Absent where it got another shape, or numbers are not finite. */
  readonly error?: number;
  /** Microseconds for one example by what the device states, dense and as it runs; absent where that is not known. */
  readonly microseconds?: { readonly dense: number; readonly own: number };
}

/** What became of the weights of a model. */
export async function layersOf(before: Module, after: Module, was: Cost, is: Cost): Promise<WeightReport[]> {
  const parameters = before.namedParameters();
  const reports: WeightReport[] = [];
  for (const [name, parameter] of after.namedParameters()) {
    const cost = is.perParameter.find((each) => each.name === name);
    const old = was.perParameter.find((each) => each.name === name);
    const original = parameters.get(name);
    if (!cost) continue;
    const { shape, size } = parameter;
    const isSame = original?.shape.join() === shape.join();
    const error = isSame && original ? movedBy(await original.value.data(), await parameter.value.data()) : undefined;
    const times = cost.kernel?.microseconds;
    reports.push({
      name,
      shape,
      sparsity: size === 0 ? 0 : 1 - cost.nonZeros / size,
      bits: size === 0 ? 0 : (cost.bytes * 8) / size,
      layout: cost.layout,
      format: cost.format,
      bytes: cost.bytes,
      before: { shape: original?.shape ?? [], bytes: old?.bytes ?? 0 },
      ...(error !== undefined && Number.isFinite(error) && { error }),
      ...(times && {
        microseconds: { dense: times.dense, own: cost.kernel?.kernel === 'own' ? times.own : times.dense },
      }),
    });
  }
  return reports;
}

function movedBy(from: ArrayLike<number>, to: ArrayLike<number>): number {
  let [moved, all] = [0, 0];
  for (let index = 0; index < from.length; index++) {
    const was = from[index] as number;
    moved += (was - (to[index] as number)) ** 2;
    all += was ** 2;
  }
  return all === 0 ? moved : moved / all;
}
