/** Logits where they are scored, a part of the positions after another: all of a long window are gigabytes. */
import { CausalLanguageModel } from '@espalier/models';
import type { Module } from '@espalier/nn';
import { dryRun, wideFloat, type Device, type Tensor } from '@espalier/tensor';

/** Logits that are in memory at once, at most: 64 MiB of f32. */
const mostLogits = 2 ** 24;

/** Positions of windows whose logits are computed together: from one on, so many. */
export interface Part {
  readonly from: number;
  readonly count: number;
}

/** Parts of the positions from `first` on, `count` in all. */
export function partsOf(
  { windows, first, count }: { readonly windows: number; readonly first: number; readonly count: number },
  vocabulary: number,
): readonly Part[] {
  const rows = Math.max(1, Math.floor(mostLogits / (vocabulary * windows)));
  const parts = Math.ceil(count / rows);
  const even = Math.ceil(count / parts);
  return Array.from({ length: parts }, (_, part) => ({
    from: first + part * even,
    count: Math.min(even, count - part * even),
  }));
}

/** How many logits a position has. */
export function vocabularyOf(model: Module, device: Device): number {
  return dryRun([{ shape: [1, 1], dtype: 'i32', device }], (one) => model.call(one).shape.at(-1) as number);
}

/**
 * What gives the logits of parts, in f32: [windows, positions, vocabulary]. Of a model that tells its head apart, the head is
 * computed where it is asked for; of any other one all logits are computed.
 */
export function logitsOf(model: Module, ids: Tensor): (part: Part) => Tensor {
  const [states, head] =
    model instanceof CausalLanguageModel
      ? [model.hidden(ids), (x: Tensor): Tensor => model.head.call(x)]
      : [model.call(ids), (x: Tensor): Tensor => x];
  return ({ from, count }) => {
    const logits = head(states.narrow(-2, from, count));
    return logits.cast(wideFloat(logits.dtype));
  };
}
