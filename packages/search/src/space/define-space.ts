/** space(): the way in for whoever writes a space as an object. */
import type { ConfigOf, Fields } from './config-of.ts';
import { groupOf } from './group-of.ts';
import type { ConfigObject } from './node.ts';
import { Space } from './space.ts';

/**
 * A space of configs, its config type inferred:
 *
 * ```ts
 * const search = space({
 *   layers: int(1, 4),
 *   lr: float(1e-4, 1e-1, { log: true }),
 *   optimizer: choice({ sgd: { momentum: float(0, 0.99) }, adamw: { beta2: float(0.9, 0.9999) } }),
 * });
 * // { layers: number; lr: number; optimizer: { type: 'sgd'; momentum: number } | { type: 'adamw'; beta2: number } }
 * ```
 * @throws {SpaceError} when a part is not a parameter, choice, space or object of them, or a name cannot be one.
 */
export function space<const Parts extends Fields>(parts: Parts): Space<ConfigOf<Parts> & ConfigObject> {
  return new Space(groupOf(parts, ''));
}
