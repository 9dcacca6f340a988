/** The kind of nodes that are lists of variable length, and the bounds of lengths that graphs share. */
import { quote } from '../../checked/quote.ts';
import { SpaceError, ValueError } from '../../errors.ts';
import type { ConfigValue, ListNode, NodeKind, SpaceNode } from '../node.ts';
import type { SpaceChange } from '../space-change.ts';
import { itemPath, lengthPath, showPath } from '../path.ts';
import { diffNodes, type KindTable } from './group.ts';
import { int } from './number.ts';

/** How many parts there may be. */
export interface LengthBounds {
  readonly min: number;
  readonly max: number;
}

/** How many parameters a space may have, all that a config could make active together. */
export const mostParameters = 100_000;

/**
 * The bounds of a length, both from 0.
 * @throws {SpaceError} unless they are whole numbers, the smaller first, and not too many parameters.
 */
export function checkBounds(min: unknown, max: unknown, at: string, least: number): LengthBounds {
  if (Number.isSafeInteger(min) && Number.isSafeInteger(max) && Number(min) >= least && Number(max) >= Number(min)) {
    if (Number(max) <= mostParameters) return { min: Number(min), max: Number(max) };
    throw new SpaceError(showPath(at), `its length is up to ${quote(max)}: it may be ${mostParameters}`);
  }
  const found = `${quote(min)} to ${quote(max)}`;
  throw new SpaceError(showPath(at), `its length is ${found}: give two whole numbers from ${least}, the smaller first`);
}

/** How the bounds of a length changed: compatible when every earlier length is still allowed. */
export function boundsChange(before: LengthBounds, after: LengthBounds, path: string): readonly SpaceChange[] {
  if (before.min === after.min && before.max === after.max) return [];
  const compatible = after.min <= before.min && after.max >= before.max;
  const show = ({ min, max }: LengthBounds): string => `length ${min} to ${max}`;
  return [{ path: lengthPath(path), change: 'changed', before: show(before), after: show(after), compatible }];
}

/**
 * Visits the length and the items of an array in a config. Says what is wrong with it, or with its length.
 * @returns the array, if its length is allowed
 */
export function readLength(
  { min, max }: LengthBounds,
  value: unknown,
  path: string,
  visitor: Parameters<NodeKind<SpaceNode>['read']>[3],
): readonly unknown[] | undefined {
  if (Array.isArray(value) && value.length >= min && value.length <= max) {
    if (min < max) visitor.parameter(lengthPath(path), int(min, max), value.length);
    return value as readonly unknown[];
  }
  const found = Array.isArray(value) ? `has ${value.length} items` : `is ${quote(value)}`;
  visitor.issue(path, `${showPath(path)} ${found}: it must be a list of ${min} to ${max}`);
  return undefined;
}

/** Asks for a length within bounds; where there is only one, nobody is asked. */
export function chooseLength(
  { min, max }: LengthBounds,
  path: string,
  choose: Parameters<NodeKind<SpaceNode>['build']>[2],
): number {
  return min < max ? Number(choose(lengthPath(path), int(min, max))) : min;
}

/** The kind of lists of variable length. */
export function listKindIn(table: KindTable): NodeKind<ListNode> {
  const { kindOf, describeNode, parseNode } = table;
  const sizeAt = ({ item }: ListNode, length: number): number => kindOf(item).size(item) ** length;
  return {
    build: (node, path, choose) => {
      const { item } = node;
      const length = chooseLength(node, path, choose);
      return Object.freeze(
        Array.from({ length }, (_, index) => kindOf(item).build(item, itemPath(path, index), choose)),
      );
    },
    read: (node, value, path, visitor) => {
      const { item } = node;
      const items = readLength(node, value, path, visitor) ?? [];
      for (const [index, each] of items.entries()) kindOf(item).read(item, each, itemPath(path, index), visitor);
    },
    parameters: ({ item, min, max }, path, visit) => {
      if (min < max) visit(lengthPath(path), int(min, max));
      for (let index = 0; index < max; index += 1) kindOf(item).parameters(item, itemPath(path, index), visit);
    },
    // An item without a parameter is work all the same.
    count: ({ item, max }) => max * Math.max(1, kindOf(item).count(item)) + 1,
    size: (node) => {
      let total = 0;
      for (let length = node.min; length <= node.max; length += 1) total += sizeAt(node, length);
      return total;
    },
    at: (node, index) => {
      const { item, min, max } = node;
      let rest = index;
      for (let length = min; length <= max; length += 1) {
        const size = sizeAt(node, length);
        if (rest >= size) {
          rest -= size;
          continue;
        }
        const each = kindOf(item).size(item);
        const items: ConfigValue[] = [];
        for (let place = 0; place < length; place += 1) {
          items.push(kindOf(item).at(item, rest % each));
          rest = Math.floor(rest / each);
        }
        return Object.freeze(items);
      }
      throw new ValueError(`list: there is no config of index ${quote(index)}`);
    },
    diff: (before, after, path) => [
      ...boundsChange(before, after, path),
      ...diffNodes(table, before.item, after.item, `${path}[]`),
    ],
    describe: ({ item, min, max }) => `list(${describeNode(item)}, { min: ${min}, max: ${max} })`,
    parse: ({ item, min, max }, path) =>
      Object.freeze({ kind: 'list', item: parseNode(item, `${path}[]`), ...checkBounds(min, max, path, 0) }),
  };
}
