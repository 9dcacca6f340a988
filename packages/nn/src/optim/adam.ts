/**
 * Adam, and AdamW with decoupled weight decay. Sources: D. Kingma and J. Ba, "Adam: a method for stochastic optimization",
 * ICLR 2015; I. Loshchilov and F. Hutter, "Decoupled weight decay regularization", ICLR 2019.
 */
import type { Tensor } from '@espalier/tensor';
import { optional, parseFields, real, type Fields } from '../config/fields.ts';
import { Optimizer, type OptimizerConfig, type Slot, type StepScalars } from './optimizer.ts';

/** Options of Adam and AdamW. */
export interface AdamOptions {
  /** Default: 1e-3. */
  readonly lr?: number;
  /** Share of the mean gradient that stays. Default: 0.9. */
  readonly beta1?: number;
  /** Share of the mean square that stays. Default: 0.999. */
  readonly beta2?: number;
  /** Added to the root, after the correction of the mean square. Default: 1e-8. */
  readonly epsilon?: number;
  /** Adam adds it, times the parameter, to the gradient (default 0); AdamW takes it, times lr, off the parameter (default 0.01). */
  readonly weightDecay?: number;
}

function fieldsWith(weightDecay: number): Fields<AdamOptions> {
  return {
    lr: optional(real({ least: 0 }), 1e-3),
    beta1: optional(real({ least: 0, below: 1 }), 0.9),
    beta2: optional(real({ least: 0, below: 1 }), 0.999),
    epsilon: optional(real({ least: 0 }), 1e-8),
    weightDecay: optional(real({ least: 0 }), weightDecay),
  };
}

/** 1 - beta^step, without cancellation for beta near 1. */
function correction(beta: number, step: Tensor): Tensor {
  return step.mul(Math.log(beta)).expm1().neg();
}

abstract class AdamRule extends Optimizer {
  readonly options: Required<AdamOptions>;
  protected readonly weightDecay: number;
  protected readonly stateNames: readonly string[] = ['mean', 'square'];

  constructor(options: Required<AdamOptions>) {
    super(options.lr);
    this.options = options;
    this.weightDecay = options.weightDecay;
  }

  config(): OptimizerConfig {
    return { type: this.type, ...this.options };
  }

  /** Moves from a parameter (already decayed, where decay is decoupled) against a gradient. */
  protected move({ state }: Slot, from: Tensor, g: Tensor, { rate, step }: StepScalars): Tensor {
    const { beta1, beta2, epsilon } = this.options;
    const { mean, square } = state as Readonly<Record<'mean' | 'square', Tensor>>;
    const nextMean = mean.add(g.sub(mean).mul(1 - beta1));
    const nextSquare = square.mul(beta2).add(g.square().mul(1 - beta2));
    mean.assign(nextMean);
    square.assign(nextSquare);
    // Scalars first: they are computed once, not per element.
    const size = rate.div(correction(beta1, step));
    const rootScale = correction(beta2, step).rsqrt();
    return from.sub(nextMean.mul(size).div(nextSquare.sqrt().mul(rootScale).add(epsilon)));
  }
}

/** m ← β₁m + (1 - β₁)g; v ← β₂v + (1 - β₂)g²; p ← p - lr · m̂ / (√v̂ + epsilon), m̂ and v̂ corrected for their start at 0. */
export class Adam extends AdamRule {
  readonly type = 'adam';

  constructor(options: AdamOptions = {}) {
    super(parseFields('adam', fieldsWith(0), options));
  }

  protected update(slot: Slot, gradient: Tensor, scalars: StepScalars): Tensor {
    const { parameter, weightDecay } = slot;
    return this.move(slot, parameter, weightDecay === 0 ? gradient : gradient.add(parameter.mul(weightDecay)), scalars);
  }
}

/** Adam on a parameter that first shrinks by lr · weightDecay. */
export class AdamW extends AdamRule {
  readonly type = 'adamw';

  constructor(options: AdamOptions = {}) {
    super(parseFields('adamw', fieldsWith(0.01), options));
  }

  protected update(slot: Slot, gradient: Tensor, scalars: StepScalars): Tensor {
    const { parameter, weightDecay } = slot;
    return this.move(
      slot,
      weightDecay === 0 ? parameter : parameter.mul(scalars.rate.mul(-weightDecay).add(1)),
      gradient,
      scalars,
    );
  }
}
