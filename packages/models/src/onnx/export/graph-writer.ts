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

  /** A node with one output, whose name is given back. */
  node(
    type: string,
    name: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
  ): string {
    const output = this.#free(name === '' ? type : `${name}.${type}`);
    this.nodes.push({
      type,
      domain: '',
      name: output,
      inputs,
      outputs: [output],
      attributes: new Map(Object.entries(attributes)),
    });
    return output;
  }

  /** A weight. */
  weight(name: string, tensor: Tensor): string {
    this.constants.set(name, OnnxTensor.of(tensor.dtype, tensor.detach()));
    return name;
  }

  /** A number. */
  number(name: string, value: number, like: Tensor['dtype'] = 'f32'): string {
    const free = this.#free(name);
    this.constants.set(free, OnnxTensor.numbers(like, [value], []));
    return free;
  }

  /** Whole numbers. */
  wholes(name: string, values: readonly number[]): string {
    const free = this.#free(name);
    this.constants.set(free, OnnxTensor.numbers('i64', values));
    return free;
  }

  #free(wanted: string): string {
    const isTaken = (name: string): boolean =>
      this.constants.has(name) || this.nodes.some(({ outputs }) => outputs.includes(name));
    let name = wanted;
    for (let count = 2; isTaken(name); count++) name = `${wanted}_${count}`;
    return name;
  }
}
