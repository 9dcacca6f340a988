/** A layer: each feature times a trained factor. */
import { ConfigError, initialise, Module, type ModuleConfig, type ModuleType, type Parameter } from '@espalier/nn';
import type { Tensor } from '@espalier/tensor';

/** x [batch, features] times gain [features]. */
export class Gain extends Module {
  readonly type: string = 'gain';
  readonly gain: Parameter;

  constructor(gain: Tensor) {
    super();
    this.gain = this.addParameter('gain', gain);
  }

  forward(x: Tensor): Tensor {
    return x.mul(this.gain.value);
  }

  config(): ModuleConfig {
    return { type: this.type, features: this.gain.size };
  }
}

export const gainLayer: ModuleType = {
  type: 'gain',
  build: ({ features }, context, where) => {
    if (!Number.isSafeInteger(features)) throw new ConfigError(`${where}.features`, 'must be a whole number');
    return new Gain(initialise('ones', [features as number], context));
  },
};
