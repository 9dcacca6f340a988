/** Nodes with weights as layers: Conv, Gemm, MatMul and BatchNormalization become modules, so that passes know their weights. */
import type { ModuleConfig } from '@espalier/nn';
import { fromTyped, type Device, type EncodedMatrix, type Tensor } from '@espalier/tensor';
import { decodeWeight, matrixOfWeight } from '../../quantized/coded-weight.ts';
import { OnnxError } from '../errors.ts';
import type { Attribute, Graph, GraphNode } from '../run/graph.ts';
import { blockWeight } from '../values/block-weight.ts';
import type { OnnxTensor } from '../values/value.ts';
import type { CodedConstants } from './coded-constants.ts';

/** A node as a layer. */
export interface FoundLayer {
  readonly config: ModuleConfig;
  /** Its tensors, by their names in the layer. */
  readonly state: ReadonlyMap<string, Tensor>;
  /** What the node says more explicitly than it did. */
  readonly attributes: ReadonlyMap<string, Attribute>;
  /** The nodes that it stands for: the first is called, the others are a part of it. */
  readonly nodes: readonly GraphNode[];
  /** The name of the weight in the graph, after which the layer is named. */
  readonly weight: string;
  /** The weight as the file has it, where that is in codes. */
  readonly matrix?: EncodedMatrix | undefined;
}

/** What is known of a graph while its layers are found. */
export interface LayerSearch {
  readonly graph: Graph;
  readonly device: Device;
  /** How many nodes, and outputs, take a value. */
  readonly uses: ReadonlyMap<string, readonly (GraphNode | undefined)[]>;
  /** Which constants were codes. */
  readonly coded: CodedConstants;
}

type Find = (node: GraphNode, search: LayerSearch) => FoundLayer | undefined;

/** A constant of floats that nobody else uses. */
function ownWeight({ graph, device, uses }: LayerSearch, name: string | undefined, rank: number): Tensor | undefined {
  const value = name ? graph.constants.get(name) : undefined;
  if (value?.kind !== 'tensor' || value.shape.length !== rank || uses.get(name as string)?.length !== 1)
    return undefined;
  return value.type === 'f32' || value.type === 'f16' || value.type === 'bf16' ? value.tensor(device) : undefined;
}

const list = (node: GraphNode, name: string, fallback: readonly number[]): readonly number[] => {
  const value = node.attributes.get(name);
  return Array.isArray(value) ? (value as readonly number[]) : fallback;
};
const number = (node: GraphNode, name: string, fallback: number): number => {
  const value = node.attributes.get(name);
  return typeof value === 'number' ? value : fallback;
};

/** With one or two axes; a single one is the second of two. Pads are added by whoever calls it. */
const conv: Find = (node, search) => {
  const rank = (search.graph.constants.get(node.inputs[1] ?? '') as OnnxTensor | undefined)?.shape?.length ?? 0;
  if (rank !== 3 && rank !== 4) return undefined;
  const weight = ownWeight(search, node.inputs[1], rank);
  const hasBias = (node.inputs[2] ?? '') !== '';
  const bias = ownWeight(search, node.inputs[2], 1);
  if (!weight || (hasBias && !bias)) return undefined;
  const wide = (values: readonly number[]): number[] => (rank === 3 ? [1, ...values] : [...values]);
  const ones = wide(weight.shape.slice(2).map(() => 1));
  const groups = number(node, 'group', 1);
  const kernel = wide(weight.shape.slice(2));
  return {
    config: {
      type: 'conv2d',
      in: (weight.shape[1] as number) * groups,
      out: weight.shape[0],
      kernel,
      stride: wide(
        list(
          node,
          'strides',
          weight.shape.slice(2).map(() => 1),
        ),
      ).slice(-ones.length),
      padding: evenPads(node, rank),
      dilation: wide(
        list(
          node,
          'dilations',
          weight.shape.slice(2).map(() => 1),
        ),
      ),
      groups,
      bias: hasBias,
    },
    state: new Map([
      ['weight', rank === 3 ? weight.unsqueeze(2) : weight],
      ...(bias ? ([['bias', bias]] as const) : []),
    ]),
    attributes: new Map([['kernel_shape', weight.shape.slice(2)]]),
    nodes: [node],
    weight: node.inputs[1] as string,
    matrix: search.coded.matrix(node.inputs[1] as string, weight.shape, false, search.device),
  };
};

/** Pads that are the same at both ends of each axis, as the layer has them; 0 of others. */
export function evenPads(node: Pick<GraphNode, 'attributes'>, rank: number): [number, number] {
  const value = node.attributes.get('pads');
  const automatic = node.attributes.get('auto_pad') ?? 'NOTSET';
  if (automatic !== 'NOTSET' || !Array.isArray(value)) return [0, 0];
  const pads = value as readonly number[];
  const half = pads.length / 2;
  if (pads.slice(0, half).some((before, axis) => before !== pads[half + axis])) return [0, 0];
  return rank === 3 ? [0, pads[0] as number] : [pads[0] as number, pads[1] as number];
}

const gemm: Find = (node, search) => {
  if (number(node, 'alpha', 1) !== 1 || number(node, 'beta', 1) !== 1 || number(node, 'transA', 0) !== 0)
    return undefined;
  const weight = ownWeight(search, node.inputs[1], 2);
  if (!weight) return undefined;
  const turned = number(node, 'transB', 0) === 0;
  const rows = turned ? weight.t() : weight;
  const matrix = (): EncodedMatrix | undefined => search.coded.matrix(node.inputs[1] as string, rows.shape, turned, search.device); // prettier-ignore
  return linear(node, search, { rows, matrix }, node.inputs[2]);
};

/** The rows of a linear layer, and the same in codes. */
interface Rows {
  readonly rows: Tensor;
  readonly matrix: () => EncodedMatrix | undefined;
}

function linear(
  node: GraphNode,
  search: LayerSearch,
  { rows, matrix }: Rows,
  biasName: string | undefined,
  others: readonly GraphNode[] = [],
): FoundLayer | undefined {
  const [out, inputs] = rows.shape as [number, number];
  const hasBias = (biasName ?? '') !== '';
  const bias = ownWeight(search, biasName, 1);
  if (hasBias && bias?.shape[0] !== out) return undefined;
  return {
    config: { type: 'linear', in: inputs, out, bias: hasBias },
    state: new Map([['weight', rows], ...(bias ? ([['bias', bias]] as const) : [])]),
    attributes: new Map(),
    nodes: [node, ...others],
    weight: node.inputs[1] as string,
    matrix: matrix(),
  };
}

/** With the sum that follows, if it adds one number for each output. */
function product(node: GraphNode, search: LayerSearch, rows: Rows): FoundLayer | undefined {
  const [only, ...others] = search.uses.get(node.outputs[0] as string) ?? [];
  if (only?.type === 'Add' && others.length === 0) {
    const name = only.inputs.find((each) => each !== node.outputs[0]);
    const fused = linear(node, search, rows, name, [only]);
    if (fused && name) return fused;
  }
  return linear(node, search, rows, undefined);
}

const matmul: Find = (node, search) => {
  const weight = ownWeight(search, node.inputs[1], 2);
  if (!weight) return undefined;
  const rows = weight.t();
  const matrix = (): EncodedMatrix | undefined => search.coded.matrix(node.inputs[1] as string, rows.shape, true, search.device); // prettier-ignore
  return product(node, search, { rows, matrix });
};

/** Of ONNX Runtime: a weight in blocks of codes. */
const blockProduct: Find = (node, search) => {
  const { graph, device, uses } = search;
  const constant = (index: number): OnnxTensor | undefined => {
    const value = graph.constants.get(node.inputs[index] ?? '');
    return value?.kind === 'tensor' ? value : undefined;
  };
  const given = node.inputs.slice(1);
  // A bias of its own stays with the node.
  const isOwn = given.every((name, index) => name === '' || (index < 3 && constant(index + 1) !== undefined && uses.get(name)?.length === 1)); // prettier-ignore
  if (!isOwn) return undefined;
  const weight = blockWeight({
    attribute: (name) => number(node, name, 0),
    input: constant,
    refuse: (problem) => {
      throw new OnnxError(node.label, problem);
    },
  });
  const rows = fromTyped(decodeWeight(weight), weight.shape, { device });
  return product(node, search, { rows, matrix: () => matrixOfWeight(weight, { device }) });
};

const batchNormalization: Find = (node, search) => {
  if (number(node, 'training_mode', 0) !== 0 || node.outputs.length > 1) return undefined;
  const [scale, shift, mean, variance] = [1, 2, 3, 4].map((index) => ownWeight(search, node.inputs[index], 1));
  if (!scale || !shift || !mean || !variance) return undefined;
  return {
    config: {
      type: 'batch-norm',
      features: scale.shape[0],
      epsilon: number(node, 'epsilon', 1e-5),
      // ONNX says what stays, the layer what is replaced.
      momentum: Math.min(1, Math.max(0, Number((1 - number(node, 'momentum', 0.9)).toPrecision(6)))),
      affine: true,
    },
    state: new Map([
      ['weight', scale],
      ['bias', shift],
      ['running_mean', mean],
      ['running_var', variance],
    ]),
    attributes: new Map(),
    nodes: [node],
    weight: node.inputs[1] as string,
  };
};

const finders: Readonly<Record<string, Find>> = {
  Conv: conv,
  Gemm: gemm,
  MatMul: matmul,
  BatchNormalization: batchNormalization,
  'com.microsoft::MatMulNBits': blockProduct,
};

/** The layer that a node is; undefined of one that stays a node. */
export function findLayer(node: GraphNode, search: LayerSearch): FoundLayer | undefined {
  const key = node.domain === '' ? node.type : `${node.domain}::${node.type}`;
  return Object.hasOwn(finders, key) ? finders[key]?.(node, search) : undefined;
}
