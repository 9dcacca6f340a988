/** Stochastic gradient descent. */
import { ArgumentError, type Tensor } from '@espalier/tensor';
import { optional, parseFields, real, truth, type Fields } from '../config/fields.ts';
import { Optimizer, type OptimizerConfig, type Slot, type StepScalars } from './optimizer.ts';

/** Options of SGD. */
export interface SGDOptions {
  readonly lr: number;
  /** Share of the last update that goes on. Default: 0. */
  readonly momentum?: number;
  /** How little of each gradient (after the first) enters the momentum. Default: 0. */
  readonly dampening?: number;
  /** Looks ahead along the momentum; needs momentum and no dampening. Default: false. */
  readonly nesterov?: boolean;
  /** L2 penalty, added to the gradient. Default: 0. */
  readonly weightDecay?: number;
}

const fields: Fields<SGDOptions> = {
  lr: real({ least: 0 }),
  momentum: optional(real({ least: 0 }), 0),
  dampening: optional(real(), 0),
  nesterov: optional(truth, false),
  weightDecay: optional(real({ least: 0 }), 0),
};

/**
 * g ← gradient + weightDecay · p; b ← momentum · b + (1 - dampening) · g (b ← g in the first step); p ← p - lr · b, or
 * p - lr · (g + momentum · b) with `nesterov`. Source: I. Sutskever et al., "On the importance of initialization and
 * momentum in deep learning", ICML 2013, in PyTorch's form.
 */
export class SGD extends Optimizer {
  readonly type = 'sgd';
  readonly options: Required<SGDOptions>;
  protected readonly weightDecay: number;
  protected readonly stateNames: readonly string[];

  /**
   * @throws {ConfigError} for an unknown or wrong option.
   * @throws {ArgumentError} for Nesterov momentum without momentum, or with dampening.
   */
  constructor(options: SGDOptions) {
    const parsed = parseFields('sgd', fields, options);
    super(parsed.lr);
    if (parsed.nesterov && (parsed.momentum === 0 || parsed.dampening !== 0))
      throw new ArgumentError(
        'sgd',
        `nesterov needs momentum above 0 and dampening 0, not ${parsed.momentum} and ${parsed.dampening}`,
      );
    this.options = parsed;
    this.weightDecay = parsed.weightDecay;
    this.stateNames = parsed.momentum === 0 ? [] : ['momentum'];
  }

  config(): OptimizerConfig {
    return { type: this.type, ...this.options };
  }

  protected update({ parameter, weightDecay, state }: Slot, gradient: Tensor, { rate, step }: StepScalars): Tensor {
    const { momentum, dampening, nesterov } = this.options;
    const g = weightDecay === 0 ? gradient : gradient.add(parameter.mul(weightDecay));
    const buffer = state['momentum'];
    if (!buffer) return parameter.sub(g.mul(rate));
    const damped = dampening === 0 ? g : g.mul(step.gt(1).cast(g.dtype).mul(-dampening).add(1));
    const next = buffer.mul(momentum).add(damped);
    buffer.assign(next);
    return parameter.sub((nesterov ? g.add(next.mul(momentum)) : next).mul(rate));
  }
}
