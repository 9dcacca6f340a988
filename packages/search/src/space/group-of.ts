import { SpaceError } from '../errors.ts';
import { isObject } from '../json.ts';
import type { Fields } from './config-of.ts';
import type { GroupNode, SpaceNode } from './node.ts';
import { checkName, joinPath, showPath } from './path.ts';
import { Space } from './space.ts';

function isNode(part: SpaceNode | Fields): part is SpaceNode {
  return typeof part.kind === 'string';
}

/**
 * The group that a user's object of parameters describes.
 * @throws SpaceError when a part is not a parameter, choice, space or object of them, or a name cannot be one.
 */
export function groupOf(fields: Fields, path: string): GroupNode {
  const parts = Object.entries(fields).map(([name, part]): readonly [string, SpaceNode] => {
    checkName(name, path);
    const at = joinPath(path, name);
    if (!isObject(part)) {
      throw new SpaceError(
        at,
        `it is ${JSON.stringify(part)}: use int, float, choice, or an object of them (showing ${showPath(path)})`,
      );
    }
    if (part instanceof Space) return [name, part.root];
    return [name, isNode(part) ? part : groupOf(part, at)];
  });
  return Object.freeze({ kind: 'group', fields: Object.freeze(Object.fromEntries(parts)) });
}
