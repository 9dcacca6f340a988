/** Modules from outside: several side by side, and such as only say in their options what they do with sizes. */
import { below, Module, registerModule, type CallContext, type ModuleConfig } from '@espalier/nn';
import { concat, type Tensor } from '@espalier/tensor';

/** The channels of all parts one behind the other. */
export class SideBySide extends Module {
  readonly type = 'side-by-side';
  readonly parts: readonly Module[];

  constructor(parts: readonly Module[]) {
    super();
    this.parts = parts.map((part, index) => this.addModule(String(index), part));
  }

  forward(x: Tensor, context?: CallContext): Tensor {
    return concat(
      this.parts.map((part, index) => part.call(x, below(context, String(index)))),
      1,
    );
  }

  config(): ModuleConfig {
    return { type: this.type, parts: this.parts.map((part) => part.config()) };
  }
}

/** Splits the last axis in two, and gives one part times the sigmoid of the other. */
export class Gate extends Module {
  readonly type = 'gate';
  readonly options: { readonly width: number };

  constructor(options: { readonly width: number }) {
    super();
    this.options = options;
  }

  forward(x: Tensor): Tensor {
    const { width } = this.options;
    return x.narrow(-1, 0, width).mul(x.narrow(-1, width, width).sigmoid());
  }

  config(): ModuleConfig {
    return { type: this.type, ...this.options };
  }
}

/** Each feature over the root of how many there are. */
export class RootScale extends Module {
  readonly type = 'root-scale';

  forward(x: Tensor): Tensor {
    return x.div(Math.sqrt(x.shape.at(-1) ?? 1));
  }

  config(): ModuleConfig {
    return { type: this.type };
  }
}

/** Features in their order, by which each of them depends on all. */
export class Sorted extends Module {
  readonly type = 'sorted';

  forward(x: Tensor): Tensor {
    return x.sort(-1).values;
  }

  config(): ModuleConfig {
    return { type: this.type };
  }
}

registerModule({
  type: 'side-by-side',
  build: (config, _context, _where, child) =>
    new SideBySide((config['parts'] as readonly unknown[]).map((part, index) => child(part, `parts[${index}]`))),
});
registerModule({ type: 'gate', build: (config) => new Gate({ width: config['width'] as number }) });
registerModule({ type: 'root-scale', build: () => new RootScale() });
registerModule({ type: 'sorted', build: () => new Sorted() });
