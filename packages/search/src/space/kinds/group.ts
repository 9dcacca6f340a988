/** The kind of nodes that are groups of named parts, and what kinds that nest share. */
import { quote } from '../../checked/quote.ts';
import { SpaceError } from '../../errors.ts';
import { isObject, own } from '../../json.ts';
import type { ConfigObject, ConfigValue, GroupNode, NodeKind, SpaceNode } from '../node.ts';
import type { SpaceChange } from '../space-change.ts';
import { checkName, joinPath, showPath } from '../path.ts';

/** What a kind that nests needs of the table that holds it; handed in, since the table is built from the kinds. */
export interface KindTable {
  readonly kindOf: (node: SpaceNode) => NodeKind<SpaceNode>;
  /** A node as a user would write it. */
  readonly describeNode: (node: SpaceNode) => string;
  /**
   * Reads a node's JSON form.
   * @throws {SpaceError} when it describes none.
   */
  readonly parseNode: (json: unknown, path: string) => SpaceNode;
}

/** What changed from one node to another, of the same kind or not. */
export function diffNodes(
  { kindOf, describeNode }: KindTable,
  before: SpaceNode,
  after: SpaceNode,
  path: string,
): readonly SpaceChange[] {
  if (kindOf(before) === kindOf(after)) return kindOf(before).diff(before, after, path);
  const [old, now] = [describeNode(before), describeNode(after)];
  return [{ path, change: 'changed', before: old, after: now, compatible: false }];
}

/**
 * What changed between two sets of named parts. A part that came or went is compatible only where `optional` says
 * that configs need not hold it.
 */
export function diffParts(
  table: KindTable,
  before: GroupNode['fields'],
  after: GroupNode['fields'],
  path: string,
  optional: boolean,
): readonly SpaceChange[] {
  const { describeNode } = table;
  const changes: SpaceChange[] = [];
  for (const [name, node] of Object.entries(before)) {
    const at = joinPath(path, name);
    const now = own(after, name);
    if (now === undefined) changes.push({ path: at, change: 'removed', before: describeNode(node), compatible: false });
    else changes.push(...diffNodes(table, node, now, at));
  }
  for (const [name, node] of Object.entries(after)) {
    if (Object.hasOwn(before, name)) continue;
    changes.push({ path: joinPath(path, name), change: 'added', after: describeNode(node), compatible: optional });
  }
  return changes;
}

/**
 * Reads the JSON form of named parts.
 * @throws {SpaceError} when it describes none.
 */
export function parseParts({ parseNode }: KindTable, json: unknown, path: string, what: string): GroupNode['fields'] {
  if (!isObject(json)) throw new SpaceError(showPath(path), `${what} is ${quote(json)}: it must be an object`);
  return Object.fromEntries(
    Object.entries(json).map(([name, node]) => {
      checkName(name, path);
      return [name, parseNode(node, joinPath(path, name))];
    }),
  );
}

/** Names that a group does not have and that are told one by one: words on each of tens of thousands take more than these. */
const mostUnknown = 20;

/** The parts of a group, looked up once: building and reading configs is what a search does most. */
interface Parts {
  readonly each: readonly (readonly [name: string, node: SpaceNode, kind: NodeKind<SpaceNode>])[];
  /** A config of it in which every value is null. */
  readonly blank: ConfigObject;
}

/** The kind of groups: named parts, all of them present. */
export function groupKindIn(table: KindTable): NodeKind<GroupNode> {
  const { kindOf, describeNode } = table;
  const known = new WeakMap<GroupNode['fields'], Parts>();
  const partsOf = (fields: GroupNode['fields']): Parts => {
    let parts = known.get(fields);
    if (parts === undefined) {
      const entries = Object.entries(fields);
      const blank = Object.fromEntries(entries.map(([name]) => [name, null]));
      parts = { each: entries.map(([name, node]) => [name, node, kindOf(node)]), blank };
      known.set(fields, parts);
    }
    return parts;
  };
  return {
    build: ({ fields }, path, choose) => {
      const { each, blank } = partsOf(fields);
      // Filling in a copy is faster than adding names one by one, and takes less memory.
      const made: Record<string, ConfigValue> = { ...blank };
      for (const [name, node, kind] of each) made[name] = kind.build(node, joinPath(path, name), choose);
      return Object.freeze(made);
    },
    read: ({ fields }, value, path, visitor) => {
      if (!isObject(value)) {
        visitor.issue(path, `${showPath(path)} is ${quote(value)}: it must be an object`);
        return;
      }
      let found = 0;
      for (const [name, node, kind] of partsOf(fields).each) {
        const at = joinPath(path, name);
        if (Object.hasOwn(value, name)) {
          kind.read(node, value[name], at, visitor);
          found += 1;
        } else visitor.issue(at, `${at} is missing: give ${describeNode(node)}`);
      }
      const names = Object.keys(value);
      if (names.length === found) return;
      const here = Object.keys(fields).join(', ') || 'no parameters';
      let unknown = 0;
      for (const name of names) {
        if (Object.hasOwn(fields, name)) continue;
        unknown += 1;
        if (unknown > mostUnknown) continue;
        const at = joinPath(path, name);
        visitor.issue(at, `${at} is not in the space: leave it out (here are ${here})`);
      }
      const more = unknown - mostUnknown;
      if (more > 0) visitor.issue(path, `${showPath(path)} has ${more} more names that are not in the space`);
    },
    parameters: ({ fields }, path, visit) => {
      for (const [name, node] of Object.entries(fields)) kindOf(node).parameters(node, joinPath(path, name), visit);
    },
    count: ({ fields }) => Object.values(fields).reduce((sum, node) => sum + kindOf(node).count(node), 0),
    size: ({ fields }) => Object.values(fields).reduce((product, node) => product * kindOf(node).size(node), 1),
    at: ({ fields }, index) => {
      let rest = index;
      const parts: Record<string, ConfigValue> = {};
      for (const [name, node] of Object.entries(fields)) {
        const size = kindOf(node).size(node);
        parts[name] = kindOf(node).at(node, rest % size);
        rest = Math.floor(rest / size);
      }
      return Object.freeze(parts);
    },
    diff: (before, after, path) => diffParts(table, before.fields, after.fields, path, false),
    describe: ({ fields }) => {
      const parts = Object.entries(fields).map(([name, node]) => `${name}: ${describeNode(node)}`);
      return parts.length === 0 ? '{}' : `{ ${parts.join(', ')} }`;
    },
    parse: ({ fields }, path) => Object.freeze({ kind: 'group', fields: parseParts(table, fields, path, 'fields') }),
  };
}
