/** The module tree: parameters, buffers and submodules under dotted names. */
import type { Generator, Shape, Tensor } from '@espalier/tensor';
import { deriveSeed } from '../random/seed.ts';
import { loadTensors } from './load-state.ts';
import { Parameter } from './parameter.ts';

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

/** Joins the parts of a dotted name; empty parts vanish. */
export function dotted(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join('.');
}

/**
 * A part of a model: a function of a tensor with parameters, perhaps buffers (state that is not trained), perhaps
 * submodules. Subclasses register theirs in the constructor with `addParameter`, `addBuffer`, `addModule`.
 */
export abstract class Module {
  /** The type under which `build` knows this module. */
  abstract readonly type: string;
  private readonly ownParameters = new Map<string, Parameter>();
  private readonly ownBuffers = new Map<string, Tensor>();
  private readonly ownModules = new Map<string, Module>();
  private readonly ownGenerators = new Map<string, Generator>();
  private isTraining = false;

  /** The output for a batch. */
  abstract forward(x: Tensor): Tensor;

  /** The module as JSON: `build(module.config())` makes one of the same architecture. */
  abstract config(): ModuleConfig;

  /** The shape of one output example from that of one input example. Throws ShapeError if the input does not fit. */
  abstract outputShape(input: Shape): Shape;

  /** Multiply-accumulate operations for one example. */
  macs(_input: Shape): number {
    return 0;
  }

  /** Reports this module's leaves in the order in which an example meets them, and returns the output shape. */
  visit(input: Shape, report: (layer: LayerReport) => void, name = ''): Shape {
    const outputShape = this.outputShape(input);
    report({ name, module: this, inputShape: input, outputShape, macs: this.macs(input) });
    return outputShape;
  }

  /** Whether layers that differ in training (dropout, batch norm) behave so. False until `train()`. */
  get training(): boolean {
    return this.isTraining;
  }

  /** Switches this module and all below it to training. */
  train(on = true): this {
    this.isTraining = on;
    for (const module of this.ownModules.values()) module.train(on);
    return this;
  }

  /** Switches this module alone. */
  setTraining(on: boolean): void {
    this.isTraining = on;
  }

  /** Switches this module and all below it to evaluation. */
  eval(): this {
    return this.train(false);
  }

  /** This module and all below it by dotted name; its own name is empty. */
  namedModules(prefix = ''): Map<string, Module> {
    const found = new Map<string, Module>([[prefix, this]]);
    for (const [name, module] of this.ownModules)
      for (const [path, each] of module.namedModules(dotted(prefix, name))) found.set(path, each);
    return found;
  }

  /** Parameters of this module and all below it, by dotted name. */
  namedParameters(): Map<string, Parameter> {
    return this.collect((module) => module.ownParameters);
  }

  /** Parameters of this module and all below it. */
  parameters(): Parameter[] {
    return [...this.namedParameters().values()];
  }

  /** Buffers of this module and all below it, by dotted name. */
  namedBuffers(): Map<string, Tensor> {
    return this.collect((module) => module.ownBuffers);
  }

  /** Buffers of this module and all below it. */
  buffers(): Tensor[] {
    return [...this.namedBuffers().values()];
  }

  /** Random generators of this module and all below it (dropout), by dotted name. */
  namedGenerators(): Map<string, Generator> {
    return this.collect((module) => module.ownGenerators);
  }

  /** Starts every generator of the tree anew, each on a stream of its own. */
  seed(seed: number): this {
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
   * Takes over saved values by name. Throws StateError, and changes nothing, if names are missing or unexpected or shapes
   * differ; DeviceError for values on another device that can only be read asynchronously (move them with `to` first).
   */
  load(state: ReadonlyMap<string, Tensor>): this {
    loadTensors('load', this.rawTensors(), state);
    return this;
  }

  private collect<T>(of: (module: Module) => ReadonlyMap<string, T>): Map<string, T> {
    const found = new Map<string, T>();
    for (const [path, module] of this.namedModules())
      for (const [name, value] of of(module)) found.set(dotted(path, name), value);
    return found;
  }

  protected addParameter(name: string, value: Tensor): Parameter {
    const parameter = new Parameter(value);
    this.ownParameters.set(name, parameter);
    return parameter;
  }

  protected addBuffer(name: string, value: Tensor): Tensor {
    const buffer = value.realizeSync();
    this.ownBuffers.set(name, buffer);
    return buffer;
  }

  protected addModule<M extends Module>(name: string, module: M): M {
    this.ownModules.set(name, module);
    return module;
  }

  protected addGenerator(name: string, generator: Generator): Generator {
    this.ownGenerators.set(name, generator);
    return generator;
  }
}
