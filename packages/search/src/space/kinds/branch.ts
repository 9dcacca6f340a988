/** The kind of nodes that are choices of groups: which branch is taken decides which parameters there are. */
import { quote } from '../../checked/quote.ts';
import { SpaceError, ValueError } from '../../errors.ts';
import { isObject, own } from '../../json.ts';
import type { BranchNode, ConfigObject, GroupNode, NodeKind } from '../node.ts';
import type { ChoiceParameter } from '../parameter.ts';
import { joinPath, showPath } from '../path.ts';
import { choiceOfValues } from './choice.ts';
import { diffParts, parseParts, type KindTable } from './group.ts';

/** The field of a config that names the branch taken. */
export const branchField = 'type';

/** The parameter that picks the branch; a strategy sees it as any other choice. */
function selector({ branches }: BranchNode): ChoiceParameter<string> {
  return { kind: 'choice', values: Object.keys(branches) };
}

/**
 * A choice of groups.
 * @throws {SpaceError} when there are none, or a branch has a parameter named `type`, which names the branch.
 */
export function branchNode(branches: Readonly<Record<string, GroupNode>>, path: string): BranchNode {
  const node: BranchNode = Object.freeze({ kind: 'branch', branches });
  choiceOfValues(Object.keys(branches), showPath(path));
  for (const [name, { fields }] of Object.entries(branches)) {
    if (!Object.hasOwn(fields, branchField)) continue;
    const at = joinPath(path, name);
    throw new SpaceError(at, `a branch cannot have a parameter '${branchField}', which names the branch: rename it`);
  }
  return node;
}

function withType(type: string, fields: ConfigObject): ConfigObject {
  return Object.freeze({ [branchField]: type, ...fields });
}

/** The kind of conditional groups: named groups, one of them present. */
export function branchKindIn(table: KindTable, groups: NodeKind<GroupNode>): NodeKind<BranchNode> {
  return {
    build: (node, path, choose) => {
      const type = String(choose(path, selector(node)));
      const group = own(node.branches, type);
      if (group === undefined) throw new ValueError(`${showPath(path)}: there is no branch '${type}'`);
      return withType(type, groups.build(group, joinPath(path, type), choose) as ConfigObject);
    },
    read: (node, value, path, visitor) => {
      const names = Object.keys(node.branches).join("', '");
      if (!isObject(value)) {
        const found = quote(value);
        visitor.issue(path, `${showPath(path)} is ${found}: it must be an object whose type is one of '${names}'`);
        return;
      }
      const { [branchField]: type, ...rest } = value;
      const group = typeof type === 'string' ? own(node.branches, type) : undefined;
      if (typeof type !== 'string' || group === undefined) {
        const found = quote(type);
        visitor.issue(path, `${showPath(path)} has type ${found}: it must be one of '${names}'`);
        return;
      }
      visitor.parameter(path, selector(node), type);
      groups.read(group, rest, joinPath(path, type), visitor);
    },
    parameters: (node, path, visit) => {
      visit(path, selector(node));
      for (const [name, group] of Object.entries(node.branches)) groups.parameters(group, joinPath(path, name), visit);
    },
    count: ({ branches }) => Object.values(branches).reduce((sum, group) => sum + groups.count(group), 1),
    size: ({ branches }) => Object.values(branches).reduce((sum, group) => sum + groups.size(group), 0),
    at: ({ branches }, index) => {
      let rest = index;
      for (const [name, group] of Object.entries(branches)) {
        const size = groups.size(group);
        if (rest < size) return withType(name, groups.at(group, rest) as ConfigObject);
        rest -= size;
      }
      throw new ValueError(`branch: there is no config of index ${quote(index)}`);
    },
    diff: (before, after, path) => diffParts(table, before.branches, after.branches, path, true),
    describe: ({ branches }) => {
      const parts = Object.entries(branches).map(([name, group]) => `${name}: ${groups.describe(group)}`);
      return `choice({ ${parts.join(', ')} })`;
    },
    parse: ({ branches }, path) => {
      const parts = parseParts(table, branches, path, 'branches');
      const read = Object.entries(parts).map(([name, node]) => {
        if (node.kind !== 'group')
          throw new SpaceError(joinPath(path, name), `it is a ${node.kind}: a branch must be a group`);
        return [name, node] as const;
      });
      return branchNode(Object.fromEntries(read), path);
    },
  };
}
