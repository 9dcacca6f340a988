/** Modules that are trained with a model and thrown away afterwards: projections, heads. */
import { callContext, Module, type CallContext, type ModuleConfig, type Parameter, type Tap } from '@espalier/nn';
import type { Tensor } from '@espalier/tensor';

/**
 * A model with companions: it gives what the model gives, and its parameters are those of both. Places have the names that
 * they have in the model, which is called under `taps`.
 */
export class Accompanied extends Module {
  readonly type = 'accompanied';
  readonly model: Module;
  readonly #context: CallContext;

  constructor(model: Module, companions: ReadonlyMap<string, Module>, taps: readonly Tap[]) {
    super();
    this.model = this.addModule('model', model);
    for (const [name, companion] of companions) this.addModule(name, companion);
    this.#context = callContext({ taps });
  }

  forward(x: Tensor): Tensor {
    return this.model.call(x, this.#context);
  }

  config(): ModuleConfig {
    const parts = [...this.children()].map(([name, module]) => [name, module.config()] as const);
    return { type: this.type, ...Object.fromEntries(parts) };
  }
}

/** Parameters of views of a model, which are trained with it. */
export class Companions extends Module {
  readonly type = 'companions';

  constructor(parameters: Iterable<readonly [string, Parameter]>) {
    super();
    for (const [name, each] of parameters) this.addParameter(name, each);
  }

  forward(x: Tensor): Tensor {
    return x;
  }

  config(): ModuleConfig {
    return { type: this.type };
  }
}
