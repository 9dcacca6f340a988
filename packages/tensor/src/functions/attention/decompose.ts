/**
 * Attention in tensor operations, with the scores of all queries and keys in memory. What a query does not see has a share of 0,
 * in a product with all values: of one that is not finite that is NaN, other than by the kernels, which leave it out.
 */
import type { Attributes } from '../../graph/op.ts';
import { indexNode } from '../../graph/build.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { wrap } from '../../tensor/wrap.ts';
import { inputsOf, type AttentionAttributes } from './inputs.ts';

/** What the op gives: what queries see, and the logarithms of their sums. */
export function decompose(inputs: readonly Tensor[], attributes: Attributes): readonly [Tensor, Tensor] {
  const given = attributes as AttentionAttributes;
  const { q, k, v, mask, bias } = inputsOf(inputs, given);
  const products = q.mul(given.scale).matmul(k.transpose(-1, -2));
  const biased = bias ? products.add(bias) : products;
  const shown = mask ? biased.where(mask, Number.NEGATIVE_INFINITY) : biased;
  const scores = given.causal ? shown.maskedFill(laterKeys(q, k), Number.NEGATIVE_INFINITY) : shown;
  return [mask || bias || k.shape.at(-2) === 0 ? mixedIfSeen(scores, v) : mixed(scores, v), scores.logSumExp(-1)];
}

/** Values by the shares of scores. Of no keys, as a length may say, it is NaN. */
function mixed(scores: Tensor, v: Tensor): Tensor {
  const seen = scores.softmax(-1).matmul(v);
  const length = v.node.lengths?.at(-2);
  return length ? seen.where(wrap(length).gt(0), Number.NaN) : seen;
}

/** The same where a row may have no number but -∞: it is NaN, and hands no gradient on: that would be NaN for every key. */
function mixedIfSeen(scores: Tensor, v: Tensor): Tensor {
  const sees = scores.detach().ne(Number.NEGATIVE_INFINITY).any(-1, { keepDims: true });
  return scores.where(sees, 0).softmax(-1).matmul(v).where(sees, Number.NaN);
}

/** Which keys, in a column, come after which queries, in a row: the last query is that of the last key. */
function laterKeys(q: Tensor, k: Tensor): Tensor {
  const [rows, columns] = [placesOf(q), placesOf(k)];
  return columns.places.gt(rows.places.unsqueeze(1).add(columns.count).sub(rows.count));
}

/** Where the elements along the axis before the last stand, and how many there are. */
function placesOf({ node, shape }: Tensor): { readonly places: Tensor; readonly count: Tensor | number } {
  const size = shape.at(-2) as number;
  const places = wrap(indexNode(size, 'i32', node.device));
  const length = node.lengths?.at(-2);
  return length ? { places: places.upTo(0, wrap(length)), count: wrap(length) } : { places, count: size };
}
