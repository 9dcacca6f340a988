/** Products of what layers are called with and their weights, through the views that stand between. */
import { isTensor, type Tensor } from '@espalier/tensor';
import type { InputView } from '../module/input-view.ts';
import type { Parameter } from '../module/parameter.ts';

/** x through views, whose channels are along an axis. */
export function seenThrough(views: readonly InputView[], x: Tensor, axis: number): Tensor {
  return views.reduce((seen, view) => view.apply(seen, axis), x);
}

/** x [..., in] times the transpose of a weight [out, in]: [..., out]. */
export function timesWeight(x: Tensor, weight: Parameter): Tensor {
  const { inputs, stored, shape } = weight;
  const [width = 1, depth = 1] = shape;
  const rows = x.size / depth;
  const last = inputs.at(-1);
  const before = inputs.slice(0, -1);
  if (stored && last?.multiply) {
    const seen = seenThrough(before, x, x.rank - 1);
    if (x.rank === 2) return last.multiply(seen, stored.matrix);
    return last.multiply(seen.reshape([rows, depth]), stored.matrix).reshape([...x.shape.slice(0, -1), width]);
  }
  return seenThrough(inputs, x, x.rank - 1).matmul(weight.factorFor({ rows }).t());
}

/**
 * Rows [groups, n, depth] times the transpose of a weight of as many groups, [groups · width, depth] as a matrix, through the
 * view that comes last: [n, groups · width].
 */
export function timesGroups(rows: Tensor, weight: Parameter, view: InputView): Tensor {
  const [groups = 1, n = 0, depth = 1] = rows.shape;
  const { stored, shape } = weight;
  const width = (shape[0] as number) / groups;
  if (stored && groups === 1) {
    const only = rows.reshape([n, depth]);
    if (view.multiply) return view.multiply(only, stored.matrix);
    const factor = weight.factorFor({ rows: n });
    return view.apply(only, 1).matmul(isTensor(factor) ? factor.reshape([width, depth]).t() : factor.t());
  }
  const each = weight.value.reshape([groups, width, depth]).permute([0, 2, 1]);
  return view
    .apply(rows, 2)
    .matmul(each)
    .permute([1, 0, 2])
    .reshape([n, groups * width]);
}
