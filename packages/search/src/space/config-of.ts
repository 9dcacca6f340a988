/** The type of a config, inferred from what the user wrote for its space. */
import type {
  ArchitectureNode,
  BranchNode,
  ConfigObject,
  ConfigValue,
  ListNode,
  PermutationNode,
  SpaceNode,
} from './node.ts';
import type { ChoiceParameter, NumberParameter } from './parameter.ts';
import type { Space } from './space.ts';

/** What a user writes for the parts of a group: parameters, choices, nested objects of them, whole spaces. */
export interface Fields {
  readonly [name: string]: SpaceNode | Space | Fields;
}

/** Writes out an intersection as one object type, which is what an editor then shows. */
type Simplify<T> = { [Name in keyof T]: T[Name] };

/** The config's type of what {@link Fields} may hold. */
export type ConfigOf<Part> =
  Part extends Space<infer Config>
    ? Config
    : Part extends NumberParameter
      ? number
      : Part extends ChoiceParameter<infer Value>
        ? Value
        : Part extends BranchNode<infer Config>
          ? Config
          : Part extends ListNode<infer Item>
            ? readonly Item[]
            : Part extends PermutationNode<infer Value>
              ? readonly Value[]
              : Part extends ArchitectureNode<infer Node>
                ? readonly ArchitectureStep<Node>[]
                : Part extends Fields
                  ? { -readonly [Name in keyof Part]: ConfigOf<Part[Name]> }
                  : never;

/** A node of an architecture in a config. */
export type ArchitectureStep<Node extends ConfigObject = ConfigObject> = Node & {
  /** The sources it reads: 0 is the graph's input, n the output of the n-th node, from 1. */
  readonly from: readonly number[];
};

/** What {@link ConfigOf} makes of an item, when that can stand in a config. */
export type ItemOf<Part> = ConfigOf<Part> & ConfigValue;

/** The config's type of a choice among branches: a union discriminated by `type`. */
export type BranchConfig<Branches extends { readonly [name: string]: Fields }> = {
  [Name in keyof Branches & string]: Simplify<{ type: Name } & ConfigOf<Branches[Name]>>;
}[keyof Branches & string] &
  ConfigObject;
