/** What each position of a transformer goes through by itself. */
import type { Tensor } from '@espalier/tensor';
import { integer, optional, parseFields, show, truth, type Field, type Fields } from '../config/fields.ts';
import { ConfigError } from '../errors.ts';
import type { InitialiserConfig } from '../init/initialiser.ts';
import { initialiserField } from '../init/table.ts';
import { isRecord } from '../json.ts';
import { buildContext, type BuildContext } from '../module/build-context.ts';
import { below, type CallContext } from '../module/call-context.ts';
import { Module, type ModuleConfig } from '../module/module.ts';
import type { ModuleType } from '../module/registry.ts';
import { Activation } from './activation.ts';
import { layerType } from './layer-type.ts';
import { Linear } from './linear.ts';
import { defaultInit } from './weights.ts';

/** Options of a feed-forward layer. */
export interface FeedForwardOptions {
  /** Features of each position. */
  readonly width: number;
  /** Features between the linear layers. */
  readonly hidden: number;
  /** An activation function: its name, or its description. Default: gelu. */
  readonly activation?: string | ModuleConfig;
  /** Whether what the activation function gives scales another linear layer. Default: false. */
  readonly gated?: boolean;
  /** Whether the linear layers have a bias. Default: true. */
  readonly bias?: boolean;
  /** Initialiser of their weights. Default: U(±1/√in). */
  readonly init?: string | InitialiserConfig;
}

const anActivation: Field<string | ModuleConfig> = {
  parse: (value, where) => {
    if (typeof value === 'string') return value;
    if (isRecord(value) && typeof value['type'] === 'string') return value as ModuleConfig;
    throw new ConfigError(where, `is ${show(value)}; it must be the name of an activation function, or { type, … }`);
  },
};

const fields: Fields<FeedForwardOptions> = {
  width: integer(1),
  hidden: integer(1),
  activation: optional(anActivation, 'gelu'),
  gated: optional(truth, false),
  bias: optional(truth, true),
  init: optional(initialiserField, defaultInit),
};

/**
 * down(activation(up(x))) over the last axis, or, gated, down(activation(gate(x)) · up(x)). Submodules: `gate` if it is gated, `up`
 * [width to hidden], `activation`, `down` [hidden to width]. Source: N. Shazeer, "GLU variants improve transformer", 2020,
 * arXiv:2002.05202.
 */
export class FeedForward extends Module {
  readonly type = 'feed-forward';
  readonly options: Required<FeedForwardOptions>;
  readonly gate: Linear | undefined;
  readonly up: Linear;
  readonly activation: Activation;
  readonly down: Linear;

  constructor(options: FeedForwardOptions, context: Partial<BuildContext> = {}) {
    super();
    this.options = parseFields(this.type, fields, options);
    const { width, hidden, activation, gated, bias, init } = this.options;
    const made = buildContext(context);
    const linear = (inputs: number, out: number): Linear => new Linear({ in: inputs, out, bias, init }, made);
    this.gate = gated ? this.addModule('gate', linear(width, hidden)) : undefined;
    this.up = this.addModule('up', linear(width, hidden));
    const [type, settings] = typeof activation === 'string' ? [activation, {}] : [activation.type, activation];
    this.activation = this.addModule('activation', new Activation(type, settings, `${this.type}.activation`));
    this.down = this.addModule('down', linear(hidden, width));
  }

  forward(x: Tensor, context?: CallContext): Tensor {
    const up = this.up.call(x, below(context, 'up'));
    const gate = this.gate ? this.gate.call(x, below(context, 'gate')) : up;
    const active = this.activation.call(gate, below(context, 'activation'));
    return this.down.call(this.gate ? active.mul(up) : active, below(context, 'down'));
  }

  config(): ModuleConfig {
    return { type: this.type, ...this.options };
  }
}

/** A feed-forward layer in JSON. */
export const feedForwardType: ModuleType = layerType(
  'feed-forward',
  fields,
  (options, context) => new FeedForward(options, context),
);
