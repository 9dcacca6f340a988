/** The tree that a space is: its nodes, the configs they describe, and what each kind of node must know. */
import type { ChoiceParameter, NumberParameter, Parameter, ParameterValue } from './parameter.ts';
import type { SpaceChange } from './space-change.ts';

/** A config, as every strategy and storage sees it: nested objects of parameter values. */
export interface ConfigObject {
  readonly [name: string]: ConfigValue;
}

/** A part of a config. */
export type ConfigValue = ParameterValue | ConfigObject | readonly ConfigValue[];

/** Several named parts, all of them present. */
export interface GroupNode {
  readonly kind: 'group';
  readonly fields: Readonly<Record<string, SpaceNode>>;
}

declare const configType: unique symbol;

/**
 * Several named groups, one of them present: a choice that brings parameters of its own. In a config it reads
 * `{ type: 'adamw', beta2: 0.99 }`, a union discriminated by `type`.
 */
export interface BranchNode<Config extends ConfigObject = ConfigObject> {
  readonly kind: 'branch';
  readonly branches: Readonly<Record<string, GroupNode>>;
  /** Never present: carries the config's type. */
  readonly [configType]?: Config;
}

/** As many parts of one kind as the config likes, within bounds; in a config, an array. */
export interface ListNode<Item extends ConfigValue = ConfigValue> {
  readonly kind: 'list';
  readonly item: SpaceNode;
  /** The fewest and the most items. */
  readonly min: number;
  readonly max: number;
  /** Never present: carries the config's type. */
  readonly [configType]?: readonly Item[];
}

/** All of some values, in any order; in a config, an array. */
export interface PermutationNode<Value extends ParameterValue = ParameterValue> {
  readonly kind: 'permutation';
  readonly values: readonly Value[];
}

/**
 * An architecture: nodes in an order, each reading the outputs of some before it. In a config, an array of the nodes,
 * each with `from`: the sources it reads, 0 being the graph's input and n the output of the n-th node, from 1.
 */
export interface ArchitectureNode<Node extends ConfigObject = ConfigObject> {
  readonly kind: 'graph';
  readonly node: GroupNode | BranchNode;
  /** The fewest and the most nodes. */
  readonly min: number;
  readonly max: number;
  /** The most sources that a node reads. */
  readonly inputs: number;
  /** Whether each node reads the one before it in any case, so that others are skip connections. */
  readonly chain: boolean;
  /** Never present: carries the config's type. */
  readonly [configType]?: readonly (Node & { readonly from: readonly number[] })[];
}

/** A part of a space. */
export type SpaceNode =
  | NumberParameter
  | ChoiceParameter
  | GroupNode
  | BranchNode
  | ListNode
  | PermutationNode
  | ArchitectureNode;

/** Gives the value of an active parameter. */
export type Choose = (path: string, parameter: Parameter) => ParameterValue;

/** Follows the reading of a config. */
export interface ConfigVisitor {
  /** An active parameter, its value known to lie in the space. */
  parameter(path: string, parameter: Parameter, value: ParameterValue): void;
  /** Something that does not lie in the space. */
  issue(path: string, message: string): void;
}

/**
 * What one kind of node knows. A space's operations are built from these alone, so a new kind of node is one
 * such table and its entry in `kinds/table.ts`.
 */
export interface NodeKind<Node extends SpaceNode> {
  /** Makes the config's part at `path`, asking `choose` once for each parameter that becomes active. */
  build(node: Node, path: string, choose: Choose): ConfigValue;
  /** Reads the config's part at `path`, telling the visitor of each active parameter or what is wrong. */
  read(node: Node, value: unknown, path: string, visitor: ConfigVisitor): void;
  /** Tells of every parameter below, active or not. */
  parameters(node: Node, path: string, visit: (path: string, parameter: Parameter) => void): void;
  /** How many parameters there are below, active or not: what telling of them all costs. */
  count(node: Node): number;
  /** How many configs there are; Infinity when a parameter is continuous. */
  size(node: Node): number;
  /** The config of that index, in [0, size), in an order that depends on the node alone. */
  at(node: Node, index: number): ConfigValue;
  /** What changed from one node to another of the same kind. */
  diff(before: Node, after: Node, path: string): readonly SpaceChange[];
  /** The node as a user would write it. */
  describe(node: Node): string;
  /**
   * Reads the JSON form.
   * @throws {SpaceError} when it describes none.
   */
  parse(json: Readonly<Record<string, unknown>>, path: string): Node;
}
