/** From a module of the library to an ONNX file. */
import { enterEvaluation, type Module } from '@espalier/nn';
import { aModule, aShape } from '@espalier/nn/arguments';
import { ArgumentError, type Shape } from '@espalier/tensor';
import { anObject, aText, check, checkOptions, oneOf, type OptionRules } from '@espalier/tensor/arguments';
import type { ByteSink } from '../../bytes/byte-sink.ts';
import { OnnxError } from '../errors.ts';
import { OnnxModule } from '../import/onnx-module.ts';
import { GraphWriter, type WrittenGraph } from './graph-writer.ts';
import { layerNode } from './layer-node.ts';
import { exportModule } from './layers.ts';
import { writeModel } from './write-model.ts';

/** How a model is written. */
export interface ExportOnnxOptions {
  /** The shape of an example, without the axis of the batch. Needed for all but models that were imported from ONNX. */
  readonly input?: Shape;
  /** What the input is. Default: `f32`; `i64` for a model that takes indices. */
  readonly elements?: 'f32' | 'i64';
  /** The name of the graph. Default: `espalier`. */
  readonly name?: string;
}

const options: OptionRules<ExportOnnxOptions> = { input: aShape, elements: oneOf('f32', 'i64'), name: aText };

/** The version of the operators that models are written in. */
const version = 17;

/**
 * Writes a model as ONNX, as it computes in evaluation: weights as layers see them, masked and rounded; those that are stored
 * in codes as codes, with `DequantizeLinear` or `MatMulNBits`. Inputs that are rounded go through `QuantizeLinear`, or, where each
 * row has a scale of its own, through `DynamicQuantizeLinear`, which has one scale for the batch. Models that were imported are
 * written with the operators that they came with; others in version 17 of the operators, or 21 of codes in groups. Input and
 * output are called `input` and `output`, the axis of the batch `batch`.
 * @throws {OnnxError} naming a module that has no form in ONNX here.
 * @throws {ArgumentError} for a model of layers without `input`, and for weights of 2 GiB and more.
 *
 * @example
 * const sink = memorySink();
 * await exportOnnx(model, sink, { input: [3, 32, 32] });
 */
export async function exportOnnx(module: Module, sink: ByteSink, given: ExportOnnxOptions = {}): Promise<void> {
  check('exportOnnx', 'module', module, aModule);
  check('exportOnnx', 'sink', sink, anObject);
  const { input, elements = 'f32', name = 'espalier' } = checkOptions('exportOnnx', given, options);
  const leave = enterEvaluation(module);
  try {
    await writeModel(sink, module instanceof OnnxModule ? imported(module) : layered(module, input, elements, name));
  } finally {
    leave();
  }
}

/** A graph that came from ONNX, with its weights as they are now. */
function imported(module: OnnxModule): WrittenGraph {
  const { graph, calls, layers } = module.parts;
  const to = new GraphWriter();
  for (const [name, value] of graph.constants) if (value.kind === 'tensor') to.constants.set(name, value);
  for (const [name, value] of module.ownValues()) to.constants.set(name, value);
  for (const node of graph.nodes) {
    const name = calls.get(node);
    const layer = name === undefined ? undefined : layers.get(name);
    if (layer && name !== undefined) layerNode(to, node, layer, name);
    else to.nodes.push(node);
  }
  const versions = new Map(graph.nodes.map(({ domain, version: own }) => [domain, own]));
  const own = versions.get('') ?? version;
  versions.set('', to.version > own ? raised(own, to) : own);
  for (const [domain, each] of to.domains) versions.set(domain, each);
  return { ...graph, constants: to.constants, nodes: to.nodes, versions };
}

/**
 * A version of the operators in which codes are taken apart, where all other nodes mean in it what they mean in theirs.
 * @throws {OnnxError} naming the nodes that may not.
 */
function raised(own: number, { version: wanted, nodes }: GraphWriter): number {
  const others = nodes
    .filter(
      ({ domain, type }) => domain === '' && !sameFrom13To21.has(type) && !(own >= 18 && sameFrom18To21.has(type)),
    )
    .map(({ type }) => type);
  if (own >= 13 && others.length === 0) return wanted;
  const why = own < 13 ? '' : `, and ${[...new Set(others)].join(', ')} may mean something else there`;
  throw new OnnxError(
    'exportOnnx',
    `weights in codes by groups are taken apart by version ${wanted} of the operators; the graph is of version ${own}${why}; quantize to int8 with a scale for each channel, or import the model from a file of a newer version`,
  );
}

/** Operators of float tensors that mean the same in the versions 13 to 21. */
const sameFrom13To21: ReadonlySet<string> = new Set(
  'Abs Add AveragePool BatchNormalization Cast Clip Concat Constant ConstantOfShape Conv ConvTranspose DequantizeLinear Div DynamicQuantizeLinear Elu Equal Erf Exp Expand Flatten Gather Gelu Gemm GlobalAveragePool GlobalMaxPool HardSigmoid HardSwish Identity InstanceNormalization LayerNormalization LeakyRelu Log LogSoftmax MatMul Max MaxPool Min Mish Mul Neg Not PRelu Pow QuantizeLinear Range Reciprocal ReduceSum Relu Reshape Selu Shape Sigmoid Sign Slice Softmax Softplus Sqrt Squeeze Sub Tanh Tile Transpose Unsqueeze Where'.split(
    ' ',
  ),
);

function layered(module: Module, input: Shape | undefined, elements: 'f32' | 'i64', name: string): WrittenGraph {
  if (!input)
    throw new ArgumentError(
      'exportOnnx',
      'input is missing; it must be the shape of an example, without the axis of the batch',
    );
  const ranks = new Map<string, number>();
  const shape = module.visit(input, (layer) => void ranks.set(layer.name, layer.inputShape.length + 1));
  const to = new GraphWriter();
  const last = exportModule({ module, name: '', x: 'input', to, rankOf: (place) => ranks.get(place) ?? 0 });
  to.nodes.push({
    type: 'Identity',
    domain: '',
    name: 'output',
    inputs: [last],
    outputs: ['output'],
    attributes: new Map(),
  });
  return {
    name,
    inputs: [{ name: 'input', type: elements, shape: ['batch', ...input] }],
    outputs: [{ name: 'output', type: 'f32', shape: ['batch', ...shape] }],
    constants: to.constants,
    nodes: to.nodes,
    versions: new Map([['', Math.max(version, to.version)], ...to.domains]),
  };
}

/** Those that are the same since 18. */
const sameFrom18To21: ReadonlySet<string> = new Set(
  'Pad ReduceL1 ReduceL2 ReduceMax ReduceMean ReduceMin ReduceProd ReduceSumSquare Split'.split(' '),
);
