/** A layer of a transformer. Source: A. Vaswani et al., "Attention is all you need", 2017. */
import type { Tensor } from '@espalier/tensor';
import { check } from '@espalier/tensor/arguments';
import { ConfigError } from '../errors.ts';
import { inside } from '../config/fields.ts';
import { below, type CallContext } from '../module/call-context.ts';
import { Module, type ModuleConfig } from '../module/module.ts';
import type { ModuleType } from '../module/registry.ts';
import { aModule } from '../module/rule.ts';

/**
 * Attention, then what each position goes through by itself, each a module that takes and gives [..., length, width]: residual
 * ones, as a rule. Submodules: `attention`, `feedForward`.
 */
export class TransformerBlock extends Module {
  readonly type = 'transformer-block';
  readonly attention: Module;
  readonly feedForward: Module;

  constructor(attention: Module, feedForward: Module) {
    super();
    check(this.type, 'attention', attention, aModule);
    check(this.type, 'feedForward', feedForward, aModule);
    this.attention = this.addModule('attention', attention);
    this.feedForward = this.addModule('feedForward', feedForward);
  }

  forward(x: Tensor, context?: CallContext): Tensor {
    return this.feedForward.call(this.attention.call(x, below(context, 'attention')), below(context, 'feedForward'));
  }

  config(): ModuleConfig {
    return { type: this.type, attention: this.attention.config(), feedForward: this.feedForward.config() };
  }
}

/** A layer of a transformer in JSON: `{ type: 'transformer-block', attention, feedForward }`. */
export const transformerBlockType: ModuleType = {
  type: 'transformer-block',
  build: (config, _context, where, child) => {
    const { type: _, attention, feedForward, ...others } = config;
    const [extra] = Object.keys(others);
    if (extra !== undefined)
      throw new ConfigError(inside(where, extra), 'is no known field; known are attention, feedForward');
    return new TransformerBlock(child(attention, 'attention'), child(feedForward, 'feedForward'));
  },
};
