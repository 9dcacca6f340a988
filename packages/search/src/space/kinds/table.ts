import { SpaceError } from '../../errors.ts';
import { isObject } from '../../json.ts';
import type { GroupNode, NodeKind, SpaceNode } from '../node.ts';
import type { NumberParameter } from '../parameter.ts';
import { showPath } from '../path.ts';
import { branchKindIn } from './branch.ts';
import { choiceKind } from './choice.ts';
import { groupKindIn } from './group.ts';
import { numberKind } from './number.ts';

type NodeOf<Name> = Name extends NumberParameter['kind']
  ? NumberParameter
  : Extract<SpaceNode, { readonly kind: Name }>;
type Kinds = { readonly [Name in SpaceNode['kind']]: NodeKind<NodeOf<Name>> };

/** The kind of groups, which a whole space is. */
export const groupKind: NodeKind<GroupNode> = groupKindIn({ kindOf, describeNode, parseNode });

/** Every kind of node, by name. */
const kinds: Kinds = {
  int: numberKind,
  float: numberKind,
  choice: choiceKind,
  group: groupKind,
  branch: branchKindIn({ kindOf, describeNode, parseNode }, groupKind),
};

/** The table of a node's kind. */
export function kindOf(node: SpaceNode): NodeKind<SpaceNode> {
  return kinds[node.kind];
}

/** A node as a user would write it. */
export function describeNode(node: SpaceNode): string {
  return kindOf(node).describe(node);
}

/** Reads a node's JSON form. @throws SpaceError */
export function parseNode(json: unknown, path: string): SpaceNode {
  const table: Readonly<Record<string, unknown>> = kinds;
  const kind = isObject(json) ? json['kind'] : undefined;
  if (!isObject(json) || typeof kind !== 'string' || !Object.hasOwn(table, kind)) {
    const known = Object.keys(table).join(', ');
    throw new SpaceError(showPath(path), `its kind is ${JSON.stringify(kind)}: it must be one of ${known}`);
  }
  return (table[kind] as NodeKind<SpaceNode>).parse(json, path);
}
