/** Dropout. Source: N. Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", JMLR 15 (2014). */
import { dropout, Generator, type Tensor } from '@espalier/tensor';
import { optional, parseFields, real, type Fields } from '../config/fields.ts';
import { Module, type ModuleConfig } from '../module/module.ts';
import type { ModuleType } from '../module/registry.ts';
import { layerType } from './layer-type.ts';

/** Options of dropout. */
export interface DropoutOptions {
  /** Probability of an element to become 0. Default: 0.5. */
  readonly p?: number;
}

const fields: Fields<DropoutOptions> = { p: optional(real({ least: 0, below: 1 }), 0.5) };

/** In training, zeroes elements at random and scales the others by 1 / (1 - p); in evaluation, nothing. */
export class Dropout extends Module {
  readonly type = 'dropout';
  readonly options: Required<DropoutOptions>;
  /** Its own stream; `seed` of the model starts it. */
  readonly generator: Generator;

  constructor(options: DropoutOptions = {}) {
    super();
    this.options = parseFields(this.type, fields, options);
    this.generator = this.addGenerator('generator', new Generator(0));
  }

  forward(x: Tensor): Tensor {
    return this.training ? dropout(x, this.options.p, { generator: this.generator }) : x;
  }

  config(): ModuleConfig {
    return { type: this.type, ...this.options };
  }
}

/** Dropout in JSON. */
export const dropoutType: ModuleType = layerType('dropout', fields, (options) => new Dropout(options));
