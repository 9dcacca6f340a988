/** What a rule for a node is that changed its form between two versions of the operators. */
import type { Attribute, GraphNode } from '../../run/graph.ts';

/** What a rewrite asks of the graph around the node. */
export interface Surroundings {
  /** Adds whole numbers as a constant; gives its name. */
  readonly wholes: (name: string, values: readonly number[]) => string;
  /** Adds floats as a constant, whatever the graph computes in; gives its name. */
  readonly floats: (name: string, values: readonly number[]) => string;
  /** Adds a number of the type that the graph computes in; undefined where it computes in several. */
  readonly real: (name: string, value: number) => string | undefined;
  /** How many axes a value surely has. */
  readonly rankOf: (name: string) => number | undefined;
  /** Whether a value is a constant without elements. */
  readonly isEmpty: (name: string) => boolean;
}

/** The nodes that say in a version what one said before it, or why there are none. */
export type Rewrite = (node: GraphNode, around: Surroundings) => readonly GraphNode[] | string;

/** Parts of a node that become others. */
export interface Changes {
  readonly type?: string;
  readonly name?: string;
  readonly inputs?: readonly string[];
  readonly outputs?: readonly string[];
  /** Attributes that it has no more. */
  readonly without?: readonly string[];
  readonly attributes?: Readonly<Record<string, Attribute>>;
}

/** A node with changes. */
export function changed(node: GraphNode, { without = [], attributes = {}, ...rest }: Changes): GraphNode {
  const kept = [...node.attributes].filter(([name]) => !without.includes(name));
  return { ...node, ...rest, attributes: new Map([...kept, ...Object.entries(attributes)]) };
}

/** An attribute that is a number. */
export function numberOf<Default>(node: GraphNode, name: string, fallback: Default): number | Default {
  const value = node.attributes.get(name);
  return typeof value === 'number' ? value : fallback;
}

/** An attribute that is a text. */
export function textOf(node: GraphNode, name: string, fallback: string): string {
  const value = node.attributes.get(name);
  return typeof value === 'string' ? value : fallback;
}

/** An attribute that is a list of numbers; undefined where it is left out. */
export function numbersOf(node: GraphNode, name: string): readonly number[] | undefined {
  const value = node.attributes.get(name);
  return Array.isArray(value) && value.every((each) => typeof each === 'number') ? value : undefined;
}

/** The name of the first output, after which what is added is named. */
export const outputOf = ({ outputs }: GraphNode): string => outputs.find((name) => name !== '') ?? '';
