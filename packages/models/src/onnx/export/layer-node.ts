/** A layer of an imported graph as the node that it came from, with the weights that it has now. */
import { BatchNorm, Conv2d, Linear, type Module } from '@espalier/nn';
import type { Attribute, GraphNode } from '../run/graph.ts';
import type { GraphWriter } from './graph-writer.ts';

/** Writes the node of a layer. */
export function layerNode(to: GraphWriter, node: GraphNode, layer: Module, name: string): void {
  const [x = ''] = node.inputs;
  const put = (
    inputs: readonly string[],
    changed: Readonly<Record<string, Attribute>> = {},
    outputs = node.outputs,
  ): void =>
    void to.nodes.push({
      ...node,
      inputs,
      outputs,
      attributes: new Map([...node.attributes, ...Object.entries(changed)]),
    });
  const weight = (key: string): string => `${name}.${key}`;
  if (layer instanceof BatchNorm && layer.weight && layer.bias) {
    const inputs = [
      to.weight(weight('weight'), layer.weight.value),
      to.weight(weight('bias'), layer.bias.value),
      to.weight(weight('running_mean'), layer.runningMean),
      to.weight(weight('running_var'), layer.runningVariance),
    ];
    put([x, ...inputs]);
  } else if (layer instanceof Conv2d) {
    const value = layer.weight.value;
    const isFlat = isOneAxis(node);
    const w = to.weight(weight('weight'), isFlat ? value.squeeze([2]) : value);
    put([x, w, ...(layer.bias ? [to.weight(weight('bias'), layer.bias.value)] : [])]);
  } else if (layer instanceof Linear) putLinear(to, node, layer, weight, put);
}

/** Whether a convolution of one axis became one of two. */
function isOneAxis({ attributes }: GraphNode): boolean {
  for (const name of ['kernel_shape', 'strides', 'dilations']) {
    const value = attributes.get(name);
    if (Array.isArray(value)) return value.length === 1;
  }
  const pads = attributes.get('pads');
  return Array.isArray(pads) && pads.length === 2;
}

function putLinear(
  to: GraphWriter,
  node: GraphNode,
  layer: Linear,
  weight: (key: string) => string,
  put: (inputs: readonly string[], changed?: Readonly<Record<string, Attribute>>, outputs?: readonly string[]) => void,
): void {
  const [x = ''] = node.inputs;
  const bias = layer.bias && to.weight(weight('bias'), layer.bias.value);
  if (node.type === 'Gemm') {
    put([x, to.weight(weight('weight'), layer.weight.value), ...(bias ? [bias] : [])], { transB: 1 });
    return;
  }
  const w = to.weight(weight('weight'), layer.weight.value.t());
  if (!bias) put([x, w]);
  else {
    const product = `${node.outputs[0] ?? ''}.product`;
    put([x, w], {}, [product]);
    const { domain, name, outputs } = node;
    to.nodes.push({
      type: 'Add',
      domain,
      name: `${name}.bias`,
      inputs: [product, bias],
      outputs,
      attributes: new Map(),
    });
  }
}
