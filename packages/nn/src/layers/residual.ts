/** A module with a way around it. Source: K. He et al., "Deep residual learning for image recognition", CVPR 2016. */
import { ShapeError, type Tensor } from '@espalier/tensor';
import { anObject, check, checkOptional, oneOf } from '@espalier/tensor/arguments';
import { ConfigError } from '../errors.ts';
import { inside, optional, word } from '../config/fields.ts';
import { below, type CallContext } from '../module/call-context.ts';
import { Module, type ModuleConfig } from '../module/module.ts';
import type { ModuleType } from '../module/registry.ts';
import { aModule } from '../module/rule.ts';

/** What stands beside the body of a residual module. */
export interface ResidualParts {
  /** Goes the way around; without it that is x itself. */
  readonly shortcut?: Module | undefined;
  /** A norm, where `order` says. */
  readonly norm?: Module | undefined;
  /** Whether the norm stands before the body, in its way alone, or after the sum. Default: before. */
  readonly order?: NormOrder | undefined;
}

/** Where a norm stands. */
export type NormOrder = 'before' | 'after';
const anOrder = oneOf<NormOrder>('before', 'after');
const orderField = optional(word<NormOrder>('before', 'after'), 'before');

/**
 * body(x) + shortcut(x); without a shortcut, body(x) + x. With a norm it is body(norm(x)) + x, or, with the norm after the sum,
 * norm(body(x) + x). Submodules: `norm`, `body`, `shortcut`.
 */
export class Residual extends Module {
  readonly type = 'residual';
  readonly body: Module;
  readonly shortcut: Module | undefined;
  readonly norm: Module | undefined;
  readonly order: NormOrder;

  constructor(body: Module, parts: Module | ResidualParts = {}) {
    super();
    check(this.type, 'body', body, aModule);
    check<unknown>(this.type, 'parts', parts, anObject);
    const { shortcut, norm, order = 'before' } = parts instanceof Module ? { shortcut: parts } : parts;
    checkOptional(this.type, 'shortcut', shortcut, aModule);
    checkOptional(this.type, 'norm', norm, aModule);
    this.order = check(this.type, 'order', order, anOrder);
    this.norm = norm && this.addModule('norm', norm);
    this.body = this.addModule('body', body);
    this.shortcut = shortcut && this.addModule('shortcut', shortcut);
  }

  forward(x: Tensor, context?: CallContext): Tensor {
    const normed = (value: Tensor, order: NormOrder): Tensor =>
      this.norm && this.order === order ? this.norm.call(value, below(context, 'norm')) : value;
    const through = this.body.call(normed(x, 'before'), below(context, 'body'));
    const around = this.shortcut ? this.shortcut.call(x, below(context, 'shortcut')) : x;
    if (through.shape.join() !== around.shape.join())
      throw new ShapeError(
        this.type,
        `the body gives [${through.shape.join(', ')}] and the way around it [${around.shape.join(', ')}]; they must be equal: add a shortcut module`,
      );
    return normed(through.add(around), 'after');
  }

  config(): ModuleConfig {
    return {
      type: this.type,
      ...(this.norm && { order: this.order, norm: this.norm.config() }),
      body: this.body.config(),
      ...(this.shortcut && { shortcut: this.shortcut.config() }),
    };
  }
}

/** Residual in JSON: `{ type: 'residual', body, shortcut?, norm?, order? }`. */
export const residualType: ModuleType = {
  type: 'residual',
  build: (config, _context, where, child) => {
    const { type: _, body, shortcut, norm, order, ...others } = config;
    const [extra] = Object.keys(others);
    if (extra !== undefined)
      throw new ConfigError(inside(where, extra), 'is no known field; known are body, shortcut, norm, order');
    if (order !== undefined && norm === undefined)
      throw new ConfigError(inside(where, 'order'), 'says where a norm stands, and there is none; give norm');
    // In the order in which they are described again.
    const normModule = norm === undefined ? undefined : child(norm, 'norm');
    const bodyModule = child(body, 'body');
    return new Residual(bodyModule, {
      norm: normModule,
      order: order === undefined ? undefined : orderField.parse(order, inside(where, 'order')),
      shortcut: shortcut === undefined ? undefined : child(shortcut, 'shortcut'),
    });
  },
};
