import { hypervolume } from '../../multi-objective/hypervolume.ts';

type Point = readonly number[];

/**
 * So many points of one front, by index, in the order in which they are worth having: each next one adds the most to the volume that those before
 * it dominate. Crowding would put the ends of a front first, however far out they are.
 *
 * What a point adds never grows as others are taken, so only those that may still be first are looked at again.
 *
 * Source: Guerreiro, Fonseca, Paquete, "Greedy hypervolume subset selection in low dimensions", Evolutionary
 * Computation 2016; its use is that of Ozaki et al., GECCO 2020.
 */
export function byAddedVolume(points: readonly Point[], reference: Point, count: number): readonly number[] {
  const taken: Point[] = [];
  const order: number[] = [];
  let volume = 0;
  let left = points.map((point, index) => ({ point, index, added: Infinity, asOf: -1 }));
  while (left.length > 0 && order.length < count) {
    const first = left.reduce((most, entry) => (entry.added > most.added ? entry : most));
    if (first.asOf === taken.length) {
      volume += first.added;
      taken.push(first.point);
      order.push(first.index);
      left = left.filter((entry) => entry !== first);
    } else {
      first.added = hypervolume([...taken, first.point], reference) - volume;
      first.asOf = taken.length;
    }
  }
  return order;
}
