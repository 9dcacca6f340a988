/** What a space that changed since it was stored is told to differ in. */

/** How one part of a space differs from its earlier self. */
export interface SpaceChange {
  /** The parameter path, or a branch's. */
  readonly path: string;
  readonly change: 'added' | 'removed' | 'changed';
  /** The part as it was; absent when it is new. */
  readonly before?: string;
  /** The part as it is; absent when it is gone. */
  readonly after?: string;
  /** Whether every earlier config is still in the space and still means the same. */
  readonly compatible: boolean;
}
