/** Turns what a user writes for a group into the node that it stands for. */
import { quote } from '../checked/quote.ts';
import { SpaceError } from '../errors.ts';
import { isObject } from '../json.ts';
import type { Fields } from './config-of.ts';
import type { GroupNode, SpaceNode } from './node.ts';
import { checkName, joinPath, showPath } from './path.ts';
import { isSpace, type Space } from './space.ts';

function isNode(part: SpaceNode | Fields): part is SpaceNode {
  return typeof part.kind === 'string';
}

/**
 * The node of a part as a user writes it.
 * @throws {SpaceError} when it is no part that can be.
 */
export function nodeOf(part: SpaceNode | Space | Fields, path: string): SpaceNode {
  if (isSpace(part)) return part.root;
  return isNode(part) ? part : groupOf(part, path);
}

/**
 * The group that a user's object of parameters describes.
 * @throws {SpaceError} when a part is not a parameter, choice, space or object of them, or a name cannot be one.
 */
export function groupOf(fields: Fields, path: string): GroupNode {
  const parts = Object.entries(fields).map(([name, part]): readonly [string, SpaceNode] => {
    checkName(name, path);
    const at = joinPath(path, name);
    if (!isObject(part)) {
      throw new SpaceError(
        at,
        `it is ${quote(part)}: use int, float, choice, or an object of them (showing ${showPath(path)})`,
      );
    }
    return [name, nodeOf(part, at)];
  });
  return Object.freeze({ kind: 'group', fields: Object.freeze(Object.fromEntries(parts)) });
}
