/** A module with a way around it. Source: K. He et al., "Deep residual learning for image recognition", CVPR 2016. */
import { ShapeError, type Tensor } from '@espalier/tensor';
import { check, checkOptional } from '@espalier/tensor/arguments';
import { ConfigError } from '../errors.ts';
import { inside } from '../config/fields.ts';
import { below, type CallContext } from '../module/call-context.ts';
import { Module, type ModuleConfig } from '../module/module.ts';
import type { ModuleType } from '../module/registry.ts';
import { aModule } from '../module/rule.ts';

/** body(x) + shortcut(x); without a shortcut, body(x) + x. Submodules: `body`, `shortcut`. */
export class Residual extends Module {
  readonly type = 'residual';
  readonly body: Module;
  readonly shortcut: Module | undefined;

  constructor(body: Module, shortcut?: Module) {
    super();
    check(this.type, 'body', body, aModule);
    checkOptional(this.type, 'shortcut', shortcut, aModule);
    this.body = this.addModule('body', body);
    this.shortcut = shortcut && this.addModule('shortcut', shortcut);
  }

  forward(x: Tensor, context?: CallContext): Tensor {
    const through = this.body.call(x, below(context, 'body'));
    const around = this.shortcut ? this.shortcut.call(x, below(context, 'shortcut')) : x;
    if (through.shape.join() !== around.shape.join())
      throw new ShapeError(
        this.type,
        `the body gives [${through.shape.join(', ')}] and the way around it [${around.shape.join(', ')}]; they must be equal: add a shortcut module`,
      );
    return through.add(around);
  }

  config(): ModuleConfig {
    return { type: this.type, body: this.body.config(), ...(this.shortcut && { shortcut: this.shortcut.config() }) };
  }
}

/** Residual in JSON: `{ type: 'residual', body, shortcut? }`. */
export const residualType: ModuleType = {
  type: 'residual',
  build: (config, _context, where, child) => {
    const { type: _, body, shortcut, ...others } = config;
    const [extra] = Object.keys(others);
    if (extra !== undefined) throw new ConfigError(inside(where, extra), 'is no known field; known are body, shortcut');
    return new Residual(child(body, 'body'), shortcut === undefined ? undefined : child(shortcut, 'shortcut'));
  },
};
