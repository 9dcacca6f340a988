/** Choosing boxes. */
import type { Call } from '../run/call.ts';
import { operator, type Operator } from '../run/operator.ts';
import { OnnxTensor } from '../values/value.ts';

/** A box by its corners. */
type Box = readonly [y1: number, x1: number, y2: number, x2: number];

/** The part of the union of two boxes that both cover. */
function overlap(a: Box, b: Box): number {
  const height = Math.max(0, Math.min(a[2], b[2]) - Math.max(a[0], b[0]));
  const width = Math.max(0, Math.min(a[3], b[3]) - Math.max(a[1], b[1]));
  const area = ([y1, x1, y2, x2]: Box): number => (y2 - y1) * (x2 - x1);
  const shared = height * width;
  const union = area(a) + area(b) - shared;
  return union > 0 && shared > 0 ? shared / union : 0;
}

/** Corners in order, from corners in any order or from centres and sizes. */
function boxOf(values: readonly number[], isCentred: boolean): Box {
  const [a, b, c, d] = values as [number, number, number, number];
  if (isCentred) return [b - d / 2, a - c / 2, b + d / 2, a + c / 2];
  return [Math.min(a, c), Math.min(b, d), Math.max(a, c), Math.max(b, d)];
}

/** Boxes that are good, and not much covered by better ones; all of it is read. */
const nonMaxSuppression = operator('NonMaxSuppression', (call: Call) => {
  const [boxes, scores] = [call.input(0), call.input(1)];
  const [batches, classes, count] = scores.shape as [number, number, number];
  const most = call.number(2) ?? 0;
  const limit = call.number(3) ?? 0;
  const least = call.number(4) ?? Number.NEGATIVE_INFINITY;
  const isCentred = call.real('center_point_box', 0) === 1;
  const [corners, values] = [call.read(boxes), call.read(scores)];
  const chosen: number[] = [];
  for (let batch = 0; batch < batches; batch++) {
    const all = Array.from({ length: count }, (_, index) =>
      boxOf(corners.slice((batch * count + index) * 4, (batch * count + index) * 4 + 4), isCentred),
    );
    for (let group = 0; group < classes; group++) {
      const own = values.slice((batch * classes + group) * count, (batch * classes + group + 1) * count);
      const order = own
        .flatMap((value, index) => (value > least ? [index] : []))
        .toSorted((a, b) => (own[b] as number) - (own[a] as number));
      const kept: number[] = [];
      for (const index of order) {
        if (kept.length >= most) break;
        if (kept.every((other) => overlap(all[index] as Box, all[other] as Box) <= limit)) kept.push(index);
      }
      for (const index of kept) chosen.push(batch, group, index);
    }
  }
  return OnnxTensor.numbers('i64', chosen, [chosen.length / 3, 3]);
});

/** Detection. */
export const detectionOperators: readonly Operator[] = [nonMaxSuppression];
