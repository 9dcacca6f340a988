/** A model's cache with the steps that are recorded on it. */
import { AttentionCache, callContext, type Module } from '@espalier/nn';
import { arange, compile, noGrad, type Compiled, type Tensor } from '@espalier/tensor';

/** What a step is given beside the ids. */
interface StepOptions {
  /** How many of the ids there are: an i32 scalar. Default: all. */
  readonly count?: Tensor;
  /** How many columns each sequence leaves empty at the beginning: i32 [sequences]. Default: none. */
  readonly skipped?: Tensor;
  readonly of: 'all' | 'last';
}

type Step = Compiled<[Tensor, Tensor, StepOptions], Tensor>;

/** A cache for some sequences, and the steps on it, which are recorded once. */
export class Slot {
  readonly cache: AttentionCache;
  readonly step: Step;
  /** What the cache has of its only sequence, for who goes on with it. */
  held: readonly number[] = [];

  constructor(model: Module, sequences: number, capacity: number) {
    this.cache = new AttentionCache(model, { capacity, lead: [sequences] });
    const { cache } = this;
    this.step = compile((ids: Tensor, position: Tensor, { count, skipped, of }: StepOptions) =>
      noGrad(() => {
        const present = count ? ids.upTo(-1, count) : ids;
        const slots = {
          attentionCache: cache.from(position),
          logitsOf: of,
          ...(skipped && paddedSlots(ids, position, skipped, capacity, count)),
        };
        return model.call(present, callContext({ slots }));
      }),
    );
  }

  get sequences(): number {
    return this.cache.lead[0] as number;
  }

  get capacity(): number {
    return this.cache.capacity;
  }

  dispose(): void {
    this.step.dispose();
    this.cache.dispose();
  }
}

/**
 * Sequences of several lengths end in the same column, so that the shorter ones begin later: nobody looks at the columns before,
 * and positions count from where a sequence begins. What is computed in those columns looks at itself, so that it is a number.
 */
function paddedSlots(
  ids: Tensor,
  position: Tensor,
  skipped: Tensor,
  capacity: number,
  count: Tensor | undefined,
): { readonly positions: Tensor; readonly attentionMask: Tensor } {
  const { device } = ids;
  const length = ids.shape.at(-1) as number;
  const columns = (size: number): Tensor => arange(0, size, 1, { dtype: 'i32', device });
  const all = columns(length).add(position);
  const rows = (count ? all.upTo(0, count) : all).sub(skipped.unsqueeze(1));
  const begun = columns(capacity).ge(skipped.unsqueeze(1)).unsqueeze(1);
  const shown = length === 1 ? begun : begun.logicalOr(rows.lt(0).unsqueeze(2));
  return { positions: rows.maximum(0), attentionMask: shown.unsqueeze(1) };
}
