/** Every type of block that is computed with. */
import type { BlockType } from './block.ts';
import { groups } from './groups.ts';
import { centred } from './k-centred.ts';
import { spanned } from './k-spanned.ts';
import { mxfp4 } from './mxfp4.ts';
import { tables } from './tables.ts';

const types: ReadonlyMap<string, BlockType> = new Map(
  [...groups, ...spanned, ...centred, ...tables, mxfp4].map((type) => [type.name, type]),
);

/** The names of the types. */
export const blockTypes: readonly string[] = [...types.keys()];

/** A type by its name; undefined for one that is only carried. */
export function blockType(name: string): BlockType | undefined {
  return types.get(name);
}
