/** Kernel ops on tensors: where the device runs their kernels a node, else what they decompose into. */
import { asRun } from '../device/as-run.ts';
import { outputNode, shapedNode } from '../graph/build.ts';
import type { Node } from '../graph/node.ts';
import type { Attributes, KernelOp, ResultType } from '../graph/op.ts';
import { contiguousLayout } from '../shape/layout.ts';
import type { Tensor } from './tensor.ts';
import { wrap } from './wrap.ts';

/** The outputs of an op, of the given types, at least one. */
export function applyKernel(
  op: KernelOp,
  inputs: readonly Tensor[],
  attributes: Attributes,
  results: readonly [ResultType, ...ResultType[]],
): readonly Tensor[] {
  const [{ shape, dtype }] = results;
  const nodes = inputs.map(({ node }) => node);
  const node = shapedNode(op, nodes, attributes, shape, dtype);
  if (op.decompose && !runs(op, node)) {
    letGo(node);
    return op.decompose(inputs, attributes);
  }
  return results.length === 1
    ? [wrap(node)]
    : results.map((result, index) => wrap(outputNode(node, index, result.shape, result.dtype)));
}

/** Whether the device of some tensors runs all kernels of an op on them. */
export function isRun(
  op: KernelOp,
  inputs: readonly Tensor[],
  attributes: Attributes,
  { shape, dtype }: ResultType,
): boolean {
  const nodes = inputs.map(({ node }) => node);
  const node = shapedNode(op, nodes, attributes, shape, dtype);
  const is = runs(op, node);
  letGo(node);
  return is;
}

/** Nobody has hold of the node, so that it lets go of its inputs. */
function letGo(node: Node): void {
  node.retain();
  node.release();
}

/** Whether the device of a node runs all kernels of its op. */
function runs(op: KernelOp, node: Node): boolean {
  const layouts = node.inputs.map(({ shape }) => contiguousLayout(shape));
  return op
    .plan(node)
    .steps(layouts)
    .every(({ spec }) => asRun(spec, node.device) !== undefined);
}
