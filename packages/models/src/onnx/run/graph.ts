/** A graph as it is run: nodes whose operators are known, values that were read, and graphs within. */
import type { OnnxTensor, Value } from '../values/value.ts';
import type { Operator } from './operator.ts';

/** What an attribute says. */
export type Attribute = number | string | readonly number[] | readonly string[] | OnnxTensor | Graph | readonly Graph[];

/** A node. */
export interface GraphNode {
  /** What computes it: an operator, or the graph of a function of the model. */
  readonly operator: Operator;
  /** For errors: `Conv 'conv1'`. */
  readonly label: string;
  readonly name: string;
  readonly type: string;
  readonly domain: string;
  /** The version of the operators of its domain. */
  readonly version: number;
  readonly attributes: ReadonlyMap<string, Attribute>;
  /** Attributes that are floats, though their numbers may be whole. */
  readonly floats?: ReadonlySet<string>;
  /** Names of values; empty for what is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/** What a file says of an input or an output. */
export interface Declared {
  readonly name: string;
  /** The element type of a tensor, where it is one. */
  readonly type?: OnnxTensor['type'];
  /** Sizes, or names of them; undefined where nothing is said. Hints only. */
  readonly shape?: readonly (number | string)[];
}

/** A graph. */
export interface Graph {
  readonly name: string;
  /** Without those that have values in the graph. */
  readonly inputs: readonly Declared[];
  readonly outputs: readonly Declared[];
  /** Values that are there before any node is run. */
  readonly constants: ReadonlyMap<string, Value>;
  /** In an order in which each comes after those that it needs. */
  readonly nodes: readonly GraphNode[];
}
