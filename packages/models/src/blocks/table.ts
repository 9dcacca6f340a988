/** Every type of block that is computed with. */
import type { BlockType } from './block.ts';

const types: ReadonlyMap<string, BlockType> = new Map(([] as BlockType[]).map((type) => [type.name, type]));

/** A type by its name; undefined for one that is only carried. */
export function blockType(name: string): BlockType | undefined {
  return types.get(name);
}
