/** Names for output folders that nobody named: the next free number, or the last one used. */
import { readdirSync } from 'node:fs';
import { foundAt } from './place.ts';
import { isUnfinished } from './output-folder.ts';

/** What a folder's name becomes with a number: `quickstart`, `quickstart-2`, `quickstart-3`, … */
function numbered(path: string, number: number): string {
  return number === 1 ? path : `${path}-${number}`;
}

function isEmpty(path: string): boolean {
  try {
    return readdirSync(path).length === 0;
  } catch {
    return false;
  }
}

/** Whether nothing lies at a path, and nothing was begun for it. */
function isFree(path: string): boolean {
  return (foundAt(path) === undefined || isEmpty(path)) && !isUnfinished(path);
}

/** Of a folder that nobody named, the first number that is free; or, to go on or to write over it, the last that is not. */
export function chosenFolder(path: string, isUsed: boolean): string {
  let number = 1;
  while (!isFree(numbered(path, number))) number += 1;
  return numbered(path, isUsed ? Math.max(1, number - 1) : number);
}
