/** Attention in tensor operations, with the scores of all queries and keys in memory. */
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
  return [scores.softmax(-1).matmul(v), scores.logSumExp(-1)];
}

/** Which keys, in a column, come after which queries, in a row: the last query is that of the last key. */
function laterKeys(q: Tensor, k: Tensor): Tensor {
  const [queries, keys] = [q.shape.at(-2) as number, k.shape.at(-2) as number];
  const { node } = k;
  const length = node.lengths?.at(-2);
  const column = wrap(indexNode(keys, 'i32', node.device));
  const row = wrap(indexNode(queries, 'i32', node.device)).unsqueeze(1);
  const own = length ? column.upTo(0, wrap(length)) : column;
  return own.gt(length ? row.add(wrap(length).sub(queries)) : row.add(keys - queries));
}
