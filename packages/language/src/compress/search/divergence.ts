/** How far a model is from what it was, on the same tokens. */
import type { Module } from '@espalier/nn';
import { noGrad, tensor, type Device, type Tensor } from '@espalier/tensor';
import { divergenceOf } from '../../evaluate/compare.ts';
import type { CalibrationIds } from '../pieces.ts';

/** What a model said of the next token at each position, kept to compare with. */
export interface Reference {
  /** KL(as it was ‖ as it is), in nats, in the mean over positions. */
  readonly divergence: (module: Module) => Promise<number>;
  readonly dispose: () => void;
}

/** Keeps what a model says of some sequences. */
export function referenceOf(module: Module, ids: CalibrationIds, device: Device): Reference {
  const logOf = (of: Module, sequence: readonly number[]): Tensor => {
    const x = tensor([...sequence], { dtype: 'i32', device });
    const logs = noGrad(() => of.call(x).logSoftmax(-1));
    logs.realizeSync();
    x.dispose();
    return logs;
  };
  const kept = ids.map((sequence) => logOf(module, sequence));
  return {
    divergence: async (other) => {
      let [sum, count] = [0, 0];
      for (const [at, base] of kept.entries()) {
        const sequence = ids[at] as readonly number[];
        const now = logOf(other, sequence);
        const mean = noGrad(() => divergenceOf(base, now).mean());
        sum += (await mean.item()) * sequence.length;
        count += sequence.length;
        for (const each of [now, mean]) each.dispose();
      }
      return sum / count;
    },
    dispose: () => {
      for (const each of kept) each.dispose();
    },
  };
}
