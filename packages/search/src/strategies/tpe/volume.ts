/** Ranks one front by what each point adds to the hypervolume, as TPE does for several objectives. */
import { exclusiveVolume } from '../../multi-objective/hypervolume.ts';

type Point = readonly number[];

/**
 * So many points of one front, by index, in the order in which they are worth having: each next one adds the most to
 * the volume that those before it dominate. Crowding would put the ends of a front first, however far out they are.
 *
 * What a point adds never grows as others are taken, so only those that may still be first are looked at again.
 *
 * Source: Guerreiro, Fonseca, Paquete, "Greedy hypervolume subset selection in low dimensions", Evolutionary
 * Computation 2016; its use is that of Ozaki et al., GECCO 2020.
 */
export function byAddedVolume(points: readonly Point[], reference: Point, count: number): readonly number[] {
  const last = reference.length - 1;
  /** By the last loss. */
  const taken: Point[] = [];
  const order: number[] = [];
  const left = points.map((point, index) => ({ point, index, added: exclusiveVolume(point, [], reference), asOf: 0 }));
  while (left.length > 0 && order.length < count) {
    let [place, most] = [0, -Infinity];
    for (const [other, { added }] of left.entries()) if (added > most) [place, most] = [other, added];
    const first = left[place];
    if (first === undefined) break;
    if (first.asOf === order.length) {
      order.push(first.index);
      left.splice(place, 1);
      // What adds nothing hides nothing either, and may lie beyond the reference.
      if (!(first.added > 0)) continue;
      const above = taken.findIndex((point) => (point[last] ?? 0) > (first.point[last] ?? 0));
      taken.splice(above < 0 ? taken.length : above, 0, first.point);
    } else {
      first.added = exclusiveVolume(first.point, taken, reference);
      first.asOf = order.length;
    }
  }
  return order;
}
