/** Where the answers of teachers are kept. */
import { aFunction, anObject, ruleOf, type Rule } from '@espalier/tensor/arguments';

/**
 * Files by name, on disk or anywhere else: `teacherCacheIn` of `@espalier/optimize/node` makes one of a folder. Names are
 * digests of what is in the files, so that caches of several trainings may share it.
 */
export interface TeacherCache {
  /** The bytes of a file; undefined where there is none. */
  readonly read: (name: string) => Promise<Uint8Array | undefined>;
  /** Some bytes of a file that is there. */
  readonly readPart: (name: string, offset: number, length: number) => Promise<Uint8Array>;
  /** Puts a file in its place, whole or not at all. */
  readonly write: (name: string, bytes: Uint8Array) => Promise<void>;
  /** Bytes of answers that may be held in memory; of more, rows are read as they are wanted. Default: 256 MiB. */
  readonly memoryBytes?: number;
}

/** A cache of anybody's making. */
export const aTeacherCache: Rule<TeacherCache> = ruleOf(
  'a cache, such as teacherCacheIn(folder) gives',
  (value) => anObject.holds(value) && ['read', 'readPart', 'write'].every((name) => aFunction.holds(value[name])),
);
