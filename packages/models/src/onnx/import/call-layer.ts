/** How a node calls the layer that has its weights: a convolution pads as the node says, and takes one axis as two. */
import { BatchNorm, Conv2d, type Module } from '@espalier/nn';
import type { Tensor } from '@espalier/tensor';
import { windowsOf } from '../operators/windows.ts';
import type { Call } from '../run/call.ts';
import type { GraphNode } from '../run/graph.ts';
import { evenPads } from './layers.ts';

/** What a node gives for its first input, of which `layer` computes the part with weights. */
export function callLayer(call: Call, node: GraphNode, layer: Module, through: (x: Tensor) => Tensor): Tensor {
  const x = call.tensor(0);
  if (layer instanceof Conv2d) return callConvolution(call, node, layer, x, through);
  if (layer instanceof BatchNorm && x.rank < 2) call.refuse(`norms [${x.shape.join(', ')}], which has no channels`);
  return through(x);
}

function callConvolution(
  call: Call,
  node: GraphNode,
  { options }: Conv2d,
  x: Tensor,
  through: (x: Tensor) => Tensor,
): Tensor {
  const kernel = [options.kernel].flat();
  const sizes = x.shape.slice(2);
  const both = kernel.length === 1 ? [kernel[0] as number, kernel[0] as number] : kernel;
  const { pads } = windowsOf(call, sizes, both.slice(-sizes.length));
  const isLayers = evenPads(node, x.rank).some((size) => size > 0);
  const padded = isLayers || pads.every(([before, after]) => before === 0 && after === 0) ? x : x.pad(pads);
  return sizes.length === 1 ? through(padded.unsqueeze(2)).squeeze([2]) : through(padded);
}
