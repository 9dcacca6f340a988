/** The name of a run by the path of its data. */
import { basename } from 'node:path';

/** Letters, digits, - and _ of the last part of a path, without its ending. */
export function nameOfPath(path: string): string {
  const name = basename(path)
    .replace(/\.[^.]*$/u, '')
    .replaceAll(/[^\w-]+/gu, '-');
  return name === '' ? 'data' : name;
}
