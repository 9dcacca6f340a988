/** What a value that is not computed yet will cost. */
import { check } from '../arguments/rules.ts';
import { aTensor, tensors } from '../arguments/types.ts';
import type { Node } from '../graph/node.ts';
import type { Tensor } from '../tensor/tensor.ts';

/**
 * Multiply-accumulate operations of the products and convolutions that lie between some tensors and one computed from them,
 * and of kernels that say theirs, read from the graph: nothing is computed. Those of matrices in a format are the nominal
 * ones, as if no zero were skipped. Without `inputs`, of all that the output waits for; what has been computed already counts
 * nothing.
 *
 * @example
 * multiplyAccumulates(x.matmul(w), [x]); // of [1, 784] and [784, 10]: 7840
 */
export function multiplyAccumulates(output: Tensor, inputs?: readonly Tensor[]): number {
  check('multiplyAccumulates', 'output', output, aTensor);
  if (inputs !== undefined) check('multiplyAccumulates', 'inputs', inputs, tensors);
  const from = inputs && new Set(inputs.map(({ node }) => node));
  let sum = 0;
  for (const node of between(output.node, from))
    if (node.op.family === 'kernel') sum += node.op.multiplyAccumulates?.(node) ?? 0;
  return sum;
}

/** The nodes that a value is computed by, itself included; given inputs, those that are computed from one of them. */
function between(output: Node, inputs: ReadonlySet<Node> | undefined): Iterable<Node> {
  // What is computed from a node is younger than it is.
  const oldest = inputs ? Math.min(...[...inputs].map(({ id }) => id)) : 0;
  const found = new Set<Node>();
  const pending = [output];
  for (let node = pending.pop(); node; node = pending.pop()) {
    if (found.has(node) || node.id <= oldest || inputs?.has(node) || node.storage) continue;
    found.add(node);
    pending.push(...node.inputs);
  }
  if (!inputs) return found;
  const dependent = new Set<Node>();
  for (const node of [...found].toSorted((a, b) => a.id - b.id))
    if (node.inputs.some((input) => inputs.has(input) || dependent.has(input))) dependent.add(node);
  return dependent;
}
