/** A layer of an imported graph as the node that it came from, with the weights that it has now. */
import { BatchNorm, Conv2d, Linear, type Module, type Parameter } from '@espalier/nn';
import type { Attribute, GraphNode } from '../run/graph.ts';
import { blockProduct, codesOf, decoded, isInBlocks } from './coded-weight.ts';
import type { GraphWriter } from './graph-writer.ts';
import { metBy } from './met-by.ts';

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
  const seen = (parameter: Parameter, rank: number, axis: number): string =>
    metBy(parameter, x, { to, name, rank, axis });
  if (layer instanceof BatchNorm && layer.weight && layer.bias) {
    const inputs = [
      to.weight(weight('weight'), layer.weight.value),
      to.weight(weight('bias'), layer.bias.value),
      to.weight(weight('running_mean'), layer.runningMean),
      to.weight(weight('running_var'), layer.runningVariance),
    ];
    put([x, ...inputs]);
  } else if (layer instanceof Conv2d) {
    const isFlat = isOneAxis(node);
    const shape = isFlat ? layer.weight.shape.toSpliced(2, 1) : layer.weight.shape;
    const codes = codesOf(layer.weight);
    const w = codes
      ? decoded(to, weight('weight'), codes, { shape })
      : to.weight(weight('weight'), layer.weight.value.reshape(shape));
    put([seen(layer.weight, shape.length, 1), w, ...(layer.bias ? [to.weight(weight('bias'), layer.bias.value)] : [])]);
  } else if (layer instanceof Linear) {
    // How many axes it has nobody says: factors of its last one spread over any number.
    putLinear(to, node, layer, seen(layer.weight, 1, 0), weight, put);
  }
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
  x: string,
  weight: (key: string) => string,
  put: (inputs: readonly string[], changed?: Readonly<Record<string, Attribute>>, outputs?: readonly string[]) => void,
): void {
  const codes = codesOf(layer.weight);
  const own = weight('weight');
  const bias = layer.bias && to.weight(weight('bias'), layer.bias.value);
  const [output = ''] = node.outputs;
  const { name, outputs } = node;
  const domain = '';
  const add = (product: string): void =>
    void to.nodes.push({
      type: 'Add',
      domain,
      name: `${output}.bias`,
      inputs: [product, bias as string],
      outputs,
      attributes: new Map(),
    });
  if (codes && isInBlocks(codes)) {
    const product = blockProduct(to, own, x, codes, bias ? `${output}.product` : output);
    if (bias) add(product);
  } else if (node.type === 'Gemm') {
    const w = codes ? decoded(to, own, codes, layer.weight) : to.weight(own, layer.weight.value);
    put([x, w, ...(bias ? [bias] : [])], { transB: 1 });
  } else {
    const w = codes
      ? decoded(to, own, codes, { shape: layer.weight.shape, turned: true })
      : to.weight(own, layer.weight.value.t());
    // What was a product with blocks of codes is a plain one by now.
    to.nodes.push({
      type: 'MatMul',
      domain,
      name,
      inputs: [x, w],
      outputs: bias ? [`${output}.product`] : outputs,
      attributes: new Map(),
    });
    if (bias) add(`${output}.product`);
  }
}
