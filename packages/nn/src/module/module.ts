/** The module tree: parameters, buffers and submodules under dotted names. */
import type { Generator as RandomGenerator, Shape, Tensor } from '@espalier/tensor';
import { aTensor, check } from '@espalier/tensor/arguments';
import { aSeed, mapOf } from '../config/rules.ts';
import { deriveSeed } from '../random/seed.ts';
import type { CallContext } from './call-context.ts';
import { callIn, outputOf } from './call.ts';
import { dotted } from './dotted.ts';
import { loadTensors, withoutAliases } from './load-state.ts';
import { Parameter } from './parameter.ts';
import { describeModule } from './sharing.ts';
import { trace } from './trace.ts';

/** A module as JSON: its type and whatever that type needs. */
export interface ModuleConfig {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** What a module does with one example of a given shape. Shapes are without the batch axis. */
export interface LayerReport {
  /** Dotted name: `0`, `3.body.1`; empty for the model itself. */
  readonly name: string;
  readonly module: Module;
  readonly inputShape: Shape;
  readonly outputShape: Shape;
  /** Multiply-accumulate operations of its contractions. */
  readonly macs: number;
}

/** Which places of a model are looked at. */
export interface NamingOptions {
  /** Before each name. Default: nothing. */
  readonly prefix?: string;
  /** Leaves out the modules below. Default: false. */
  readonly own?: boolean;
  /** Names what stands in several places once for each of them, instead of by the first. Default: false. */
  readonly repeated?: boolean;
}

/** The names of a module's parameters that training leaves as they are, in the order of its parameters. */
export function frozenNames(module: Module): string[] {
  return [...module.namedParameters()].flatMap(([name, { trainable }]) => (trainable ? [] : [name]));
}

/**
 * A part of a model: a function of a tensor with parameters, perhaps buffers (state that is not trained), perhaps
 * submodules. Subclasses register theirs in the constructor with `addParameter`, `addBuffer`, `addModule`. A module may
 * stand in several places of a model: its parameters are one, under the name of the first place.
 */
export abstract class Module {
  /** The type under which `build` knows this module. */
  abstract readonly type: string;
  readonly #ownParameters = new Map<string, Parameter>();
  readonly #ownBuffers = new Map<string, Tensor>();
  readonly #ownModules = new Map<string, Module>();
  readonly #ownGenerators = new Map<string, RandomGenerator>();
  #isTraining = false;

  constructor() {
    // Containers ask their modules for their configs; whoever was asked first says which of them are the same.
    const describe = this.config.bind(this);
    const config = (): ModuleConfig => describeModule(this, describe);
    Object.defineProperty(this, 'config', { value: config, configurable: true, writable: true });
  }

  /**
   * The output for a batch: what a module defines. Containers call the modules below with `child.call(x, context)`, or
   * with `below(context, name)` where one stands in several places. Called by hand it gives what `call` gives without a
   * context.
   * @throws {ShapeError} for a batch that does not fit.
   */
  abstract forward(x: Tensor, context?: CallContext): Tensor;

  /**
   * The output for a batch: how a module is called, by users and by other modules. A context takes along taps, which see or
   * replace what goes in and out of modules, and slots (see `callContext`).
   */
  call(x: Tensor, context?: CallContext): Tensor {
    return context === undefined ? outputOf(this, x) : callIn(context, this, x);
  }

  /**
   * The module as JSON: `build(module.config())` makes one of the same architecture. A container puts in what `config()` of
   * its modules gives. Where a module stands in a second place, `{ type: 'same', as: 'layers[0]' }` comes out, and `ties`
   * lists tied weights.
   */
  abstract config(): ModuleConfig;

  /**
   * Reports the layers of this module in the order in which an example of a shape (without the batch axis) meets them,
   * and returns the output shape: the module is called in evaluation on a tensor without values, and nothing is
   * computed. Only modules that are called with `call` are told apart.
   * @throws {ShapeError} where the example does not fit.
   */
  visit(input: Shape, report: (layer: LayerReport) => void, name = ''): Shape {
    const { layers, outputShape } = trace(this, input);
    for (const layer of layers) report({ ...layer, name: dotted(name, layer.name) });
    return outputShape;
  }

  /** Whether layers that differ in training (dropout, batch norm) behave so. False until `train()`. */
  get training(): boolean {
    return this.#isTraining;
  }

  /** Switches this module and all below it to training. */
  train(on = true): this {
    this.#isTraining = on;
    for (const module of this.#ownModules.values()) module.train(on);
    return this;
  }

  /** Switches this module alone. */
  setTraining(on: boolean): void {
    this.#isTraining = on;
  }

  /** Switches this module and all below it to evaluation. */
  eval(): this {
    return this.train(false);
  }

  /** The modules right below this one, by name. */
  children(): ReadonlyMap<string, Module> {
    return this.#ownModules;
  }

  /** This module and all below it by dotted name, each once; its own name is empty. */
  namedModules(prefix = ''): Map<string, Module> {
    return new Map(this.#walk({ prefix }, new Set()));
  }

  /** Parameters of this module and all below it, by dotted name; those that are tied once. */
  namedParameters(options: NamingOptions = {}): Map<string, Parameter> {
    return this.#collect(
      (module) => module.#ownParameters,
      ({ identity }) => identity,
      options,
    );
  }

  /** Parameters of this module and all below it. */
  parameters(): Parameter[] {
    return [...this.namedParameters().values()];
  }

  /** Buffers of this module and all below it, by dotted name. */
  namedBuffers(options: NamingOptions = {}): Map<string, Tensor> {
    return this.#collect(
      (module) => module.#ownBuffers,
      (buffer) => buffer,
      options,
    );
  }

  /** Buffers of this module and all below it. */
  buffers(): Tensor[] {
    return [...this.namedBuffers().values()];
  }

  /** Random generators of this module and all below it (dropout), by dotted name. */
  namedGenerators(): Map<string, RandomGenerator> {
    return this.#collect(
      (module) => module.#ownGenerators,
      (generator) => generator,
    );
  }

  /** Starts every generator of the tree anew, each on a stream of its own. */
  seed(seed: number): this {
    check('seed', 'seed', seed, aSeed);
    for (const [name, generator] of this.namedGenerators())
      generator.setState({ seed: deriveSeed(seed, name), draws: 0 });
    return this;
  }

  /** The raw parameters and the buffers by dotted name, as they are now: later training does not change the answer. */
  state(): Map<string, Tensor> {
    const tensors = [...this.rawTensors()].map(([name, tensor]): [string, Tensor] => [
      name,
      tensor.detach().realizeSync(),
    ]);
    return new Map(tensors);
  }

  /** The tensors themselves, by dotted name: raw parameters, then buffers. */
  rawTensors(): Map<string, Tensor> {
    const parameters = [...this.namedParameters()].map(([name, parameter]): [string, Tensor] => [
      name,
      parameter.tensor,
    ]);
    return new Map([...parameters, ...this.namedBuffers()]);
  }

  /**
   * Takes over saved values by name.
   * @throws {StateError} and changes nothing, if names are missing or unexpected or shapes differ; names of the other
   * places of tied parameters are fine too, as long as their values agree.
   * @throws {DeviceError} for values on another device that can only be read asynchronously (move them with `to`
   * first).
   */
  load(state: ReadonlyMap<string, Tensor>): this {
    check('load', 'state', state, mapOf(aTensor));
    loadTensors('load', this.rawTensors(), withoutAliases('load', this.#aliases(), state));
    return this;
  }

  /** Further names of tied parameters and of what stands in modules that are used again, with the name that is used. */
  #aliases(): Map<string, string> {
    const first = new Map<object, string>();
    const everywhere: readonly (readonly [string, object])[] = [
      ...[...this.namedParameters({ repeated: true })].map(([name, { identity }]) => [name, identity] as const),
      ...this.namedBuffers({ repeated: true }),
    ];
    const aliases = new Map<string, string>();
    for (const [name, identity] of everywhere) {
      const known = first.get(identity);
      if (known === undefined) first.set(identity, name);
      else aliases.set(name, known);
    }
    return aliases;
  }

  /** Gives back the memory of all parameters and buffers; the model cannot be used afterwards. */
  dispose(): void {
    for (const parameter of this.parameters()) parameter.dispose();
    for (const buffer of this.buffers()) buffer.dispose();
  }

  *#walk(
    { prefix = '', own = false, repeated = false }: NamingOptions,
    seen: Set<Module>,
  ): Generator<[string, Module]> {
    if (!repeated && seen.has(this)) return;
    seen.add(this);
    yield [prefix, this];
    if (own) return;
    for (const [name, module] of this.#ownModules)
      yield* module.#walk({ prefix: dotted(prefix, name), repeated }, seen);
  }

  #collect<T>(
    of: (module: Module) => ReadonlyMap<string, T>,
    identity: (value: T) => object,
    options: NamingOptions = {},
  ): Map<string, T> {
    const found = new Map<string, T>();
    const seen = new Set<object>();
    for (const [path, module] of this.#walk(options, new Set()))
      for (const [name, value] of of(module)) {
        if (!options.repeated && seen.has(identity(value))) continue;
        seen.add(identity(value));
        found.set(dotted(path, name), value);
      }
    return found;
  }

  /** Registers a parameter: a new one of a value, or another module's, which is then tied. */
  protected addParameter(name: string, value: Tensor | Parameter): Parameter {
    const parameter = value instanceof Parameter ? value : new Parameter(value);
    this.#ownParameters.set(name, parameter);
    return parameter;
  }

  protected addBuffer(name: string, value: Tensor): Tensor {
    const buffer = value.realizeSync();
    this.#ownBuffers.set(name, buffer);
    return buffer;
  }

  protected addModule<M extends Module>(name: string, module: M): M {
    this.#ownModules.set(name, module);
    return module;
  }

  protected addGenerator(name: string, generator: RandomGenerator): RandomGenerator {
    this.#ownGenerators.set(name, generator);
    return generator;
  }
}
