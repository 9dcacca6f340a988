/** Joins axes. */
import type { Tensor } from '@espalier/tensor';
import { Module, type ModuleConfig } from '../module/module.ts';
import type { ModuleType } from '../module/registry.ts';
import { layerType } from './layer-type.ts';

/** All axes of an example in one: [batch, ...] to [batch, elements]. */
export class Flatten extends Module {
  readonly type = 'flatten';

  forward(x: Tensor): Tensor {
    return x.flatten(1);
  }

  config(): ModuleConfig {
    return { type: this.type };
  }
}

/** Flatten in JSON. */
export const flattenType: ModuleType = layerType('flatten', {}, () => new Flatten());
