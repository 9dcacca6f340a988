/** Modules one after the other. */
import type { Tensor } from '@espalier/tensor';
import { check, listOf } from '@espalier/tensor/arguments';
import { ConfigError } from '../errors.ts';
import { inside, show } from '../config/fields.ts';
import { below, type CallContext } from '../module/call-context.ts';
import { Module, type ModuleConfig } from '../module/module.ts';
import type { ModuleType } from '../module/registry.ts';
import { aModule } from '../module/rule.ts';

/** Feeds each module the output of the one before. Submodules are named by position: `0`, `1`, … */
export class Sequential extends Module {
  readonly type = 'sequential';
  readonly layers: readonly Module[];

  constructor(layers: readonly Module[]) {
    super();
    check(this.type, 'layers', layers, listOf(aModule));
    this.layers = layers.map((layer, index) => this.addModule(String(index), layer));
  }

  forward(x: Tensor, context?: CallContext): Tensor {
    return this.layers.reduce((value, layer, index) => layer.call(value, below(context, String(index))), x);
  }

  config(): ModuleConfig {
    return { type: this.type, layers: this.layers.map((layer) => layer.config()) };
  }
}

/** Sequential in JSON: `{ type: 'sequential', layers: [...] }`. */
export const sequentialType: ModuleType = {
  type: 'sequential',
  build: (config, _context, where, child) => {
    const { type: _, layers, ...others } = config;
    const [extra] = Object.keys(others);
    if (extra !== undefined) throw new ConfigError(inside(where, extra), 'is no known field; known are layers');
    if (!Array.isArray(layers))
      throw new ConfigError(inside(where, 'layers'), `is ${show(layers)}; it must be a list of modules`);
    return new Sequential(layers.map((layer: unknown, index) => child(layer, `layers[${index}]`)));
  },
};
