/** RMSProp. Source: T. Tieleman and G. Hinton, "Lecture 6.5: rmsprop", Coursera 2012; centred: A. Graves, arXiv:1308.0850. */
import type { Tensor } from '@espalier/tensor';
import { optional, parseFields, real, truth, type Fields } from '../config/fields.ts';
import { Optimizer, type OptimizerConfig, type Slot, type StepScalars } from './optimizer.ts';

/** Options of RMSProp. */
export interface RMSPropOptions {
  readonly lr: number;
  /** Share of the mean square that stays. Default: 0.99. */
  readonly alpha?: number;
  /** Added to the root. Default: 1e-8. */
  readonly epsilon?: number;
  /** Default: 0. */
  readonly momentum?: number;
  /** Whether the square of the mean gradient is taken off, leaving the variance. Default: false. */
  readonly centered?: boolean;
  /** L2 penalty, added to the gradient. Default: 0. */
  readonly weightDecay?: number;
}

const fields: Fields<RMSPropOptions> = {
  lr: real({ least: 0 }),
  alpha: optional(real({ least: 0, below: 1 }), 0.99),
  epsilon: optional(real({ least: 0 }), 1e-8),
  momentum: optional(real({ least: 0 }), 0),
  centered: optional(truth, false),
  weightDecay: optional(real({ least: 0 }), 0),
};

/** v ← alpha · v + (1 - alpha) · g²; p ← p - lr · g / (√v + epsilon), with momentum over the quotient. */
export class RMSProp extends Optimizer {
  readonly type = 'rmsprop';
  readonly options: Required<RMSPropOptions>;
  protected readonly weightDecay: number;
  protected readonly stateNames: readonly string[];

  constructor(options: RMSPropOptions) {
    const parsed = parseFields('rmsprop', fields, options);
    super(parsed.lr);
    this.options = parsed;
    this.weightDecay = parsed.weightDecay;
    this.stateNames = ['square', ...(parsed.centered ? ['mean'] : []), ...(parsed.momentum > 0 ? ['momentum'] : [])];
  }

  config(): OptimizerConfig {
    return { type: this.type, ...this.options };
  }

  protected update({ parameter, weightDecay, state }: Slot, gradient: Tensor, { rate }: StepScalars): Tensor {
    const { alpha, epsilon, momentum } = this.options;
    const {
      square,
      mean,
      momentum: buffer,
    } = state as Readonly<Record<'square', Tensor>> & Readonly<Partial<Record<'mean' | 'momentum', Tensor>>>;
    const g = weightDecay === 0 ? gradient : gradient.add(parameter.mul(weightDecay));
    const nextSquare = square.mul(alpha).add(g.square().mul(1 - alpha));
    square.assign(nextSquare);
    let spread = nextSquare;
    if (mean) {
      const nextMean = mean.mul(alpha).add(g.mul(1 - alpha));
      mean.assign(nextMean);
      spread = nextSquare.sub(nextMean.square());
    }
    const direction = g.div(spread.sqrt().add(epsilon));
    if (!buffer) return parameter.sub(direction.mul(rate));
    const next = buffer.mul(momentum).add(direction);
    buffer.assign(next);
    return parameter.sub(next.mul(rate));
  }
}
