/** A graph that is being made: nodes, values that are there from the start, and names for both. */
import type { Tensor } from '@espalier/tensor';
import type { Attribute, Declared } from '../run/graph.ts';
import { OnnxTensor } from '../values/value.ts';

/** A node that is written. */
export interface WrittenNode {
  readonly type: string;
  readonly domain: string;
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, Attribute>;
  /** Attributes that are floats, though their numbers may be whole; where it is not said, their names tell. */
  readonly floats?: ReadonlySet<string>;
}

/** A graph that is written. */
export interface WrittenGraph {
  readonly name: string;
  readonly inputs: readonly Declared[];
  readonly outputs: readonly Declared[];
  readonly constants: ReadonlyMap<string, OnnxTensor>;
  readonly nodes: readonly WrittenNode[];
  /** The version of the operators of each domain. */
  readonly versions: ReadonlyMap<string, number>;
}

/** Collects what layers become. */
export class GraphWriter {
  readonly nodes: WrittenNode[] = [];
  readonly constants: Map<string, OnnxTensor> = new Map();
  /** Domains beside that of ONNX itself, with their versions. */
  readonly domains: Map<string, number> = new Map();
  #version = 0;
  #reason = 'its nodes';

  /** The least version of the operators that nodes need. */
  get version(): number {
    return this.#version;
  }

  /** What needs that version, in words. */
  get reason(): string {
    return this.#reason;
  }

  /** Notes that nodes need a version of the operators; `reason` says what they are for. */
  needs(version: number, reason: string): void {
    if (version > this.#version) [this.#version, this.#reason] = [version, reason];
  }

  /** A node with one output, whose name is given back. */
  node(
    type: string,
    name: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
  ): string {
    return this.named(type, this.#free(name === '' ? type : `${name}.${type}`), inputs, attributes);
  }

  /** A node with one output of a name that is free. */
  named(
    type: string,
    output: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
    domain = '',
  ): string {
    if (domain !== '') this.domains.set(domain, 1);
    const [name, outputs] = [output, [output]];
    this.nodes.push({ type, domain, name, inputs, outputs, attributes: new Map(Object.entries(attributes)) });
    return output;
  }

  /** A node with several outputs, whose names are given back. */
  nodeWith(type: string, name: string, inputs: readonly string[], outputs: readonly string[]): string[] {
    const free = this.#free(name === '' ? type : `${name}.${type}`);
    const named = outputs.map((output) => `${free}.${output}`);
    this.nodes.push({ type, domain: '', name: free, inputs, outputs: named, attributes: new Map() });
    return named;
  }

  /** A value that is there from the start. */
  constant(name: string, value: OnnxTensor): string {
    const free = this.#free(name);
    this.constants.set(free, value);
    return free;
  }

  /** A weight. */
  weight(name: string, tensor: Tensor): string {
    this.constants.set(name, OnnxTensor.of(tensor.dtype, tensor.detach()));
    return name;
  }

  /** A number. */
  number(name: string, value: number, like: Tensor['dtype'] = 'f32'): string {
    return this.constant(name, OnnxTensor.numbers(like, [value], []));
  }

  /** Whole numbers. */
  wholes(name: string, values: readonly number[]): string {
    return this.constant(name, OnnxTensor.numbers('i64', values));
  }

  #free(wanted: string): string {
    const isTaken = (name: string): boolean =>
      this.constants.has(name) || this.nodes.some(({ outputs }) => outputs.includes(name));
    let name = wanted;
    for (let count = 2; isTaken(name); count++) name = `${wanted}_${count}`;
    return name;
  }
}
