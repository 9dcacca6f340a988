/** Every kind of node in one table: the only place where kinds that nest meet those that they hold. */
import { quote } from '../../checked/quote.ts';
import { SpaceError } from '../../errors.ts';
import { isObject } from '../../json.ts';
import type { GroupNode, NodeKind, SpaceNode } from '../node.ts';
import type { NumberParameter } from '../parameter.ts';
import { showPath } from '../path.ts';
import { branchKindIn } from './branch.ts';
import { choiceKind } from './choice.ts';
import { graphKindIn } from './graph.ts';
import { groupKindIn } from './group.ts';
import { listKindIn } from './list.ts';
import { numberKind } from './number.ts';
import { permutationKind } from './permutation.ts';

type NodeOf<Name> = Name extends NumberParameter['kind']
  ? NumberParameter
  : Extract<SpaceNode, { readonly kind: Name }>;
type Kinds = { readonly [Name in SpaceNode['kind']]: NodeKind<NodeOf<Name>> };

const table = { kindOf, describeNode, parseNode };

/** The kind of groups, which a whole space is. */
export const groupKind: NodeKind<GroupNode> = groupKindIn(table);

/** Every kind of node, by name. */
const kinds: Kinds = {
  int: numberKind,
  float: numberKind,
  choice: choiceKind,
  group: groupKind,
  branch: branchKindIn(table, groupKind),
  list: listKindIn(table),
  permutation: permutationKind,
  graph: graphKindIn(table),
};

/** The table of a node's kind. */
export function kindOf(node: SpaceNode): NodeKind<SpaceNode> {
  return kinds[node.kind];
}

/** A node as a user would write it. */
export function describeNode(node: SpaceNode): string {
  return kindOf(node).describe(node);
}

/**
 * Reads a node's JSON form.
 * @throws {SpaceError} when it describes none.
 */
export function parseNode(json: unknown, path: string): SpaceNode {
  const known: Readonly<Record<string, unknown>> = kinds;
  const kind = isObject(json) ? json['kind'] : undefined;
  if (!isObject(json) || typeof kind !== 'string' || !Object.hasOwn(known, kind)) {
    const names = Object.keys(known).join(', ');
    throw new SpaceError(showPath(path), `its kind is ${quote(kind)}: it must be one of ${names}`);
  }
  return (known[kind] as NodeKind<SpaceNode>).parse(json, path);
}
