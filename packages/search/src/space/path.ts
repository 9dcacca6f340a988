/** Paths of parameters: how a part of a config is named in strategies, streams, errors and exports. */
import { SpaceError } from '../errors.ts';

/** The path of a part within its parent: names joined by dots. */
export function joinPath(parent: string, name: string): string {
  return parent === '' ? name : `${parent}.${name}`;
}

/** The path of an item of a list. */
export function itemPath(parent: string, index: number): string {
  return `${parent}[${index}]`;
}

/** The path of how many items a list has. */
export function lengthPath(parent: string): string {
  return joinPath(parent, 'length');
}

/** A path for a reader, who needs a word for the root. */
export function showPath(path: string): string {
  return path === '' ? 'config' : path;
}

/**
 * Refuses names that a path could not carry: dots separate its parts, brackets and slashes are kept for lists and
 * random streams.
 * @throws {SpaceError} for such a name.
 */
export function checkName(name: string, path: string): void {
  if (name === '' || name === '__proto__' || /[./[\]]/u.test(name)) {
    throw new SpaceError(showPath(path), `'${name}' cannot name a parameter: use a name without '.', '/', '[' or ']'`);
  }
}
