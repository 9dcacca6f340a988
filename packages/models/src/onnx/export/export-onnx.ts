/** From a module of the library to an ONNX file. */
import { enterEvaluation, type Module } from '@espalier/nn';
import { aModule, aShape } from '@espalier/nn/arguments';
import { ArgumentError, type Shape } from '@espalier/tensor';
import { anObject, aText, check, checkOptions, oneOf, type OptionRules } from '@espalier/tensor/arguments';
import type { ByteSink } from '../../bytes/byte-sink.ts';
import { OnnxModule } from '../import/onnx-module.ts';
import { GraphWriter, type WrittenGraph } from './graph-writer.ts';
import { layerNode } from './layer-node.ts';
import { exportModule } from './layers.ts';
import { raiseNodes } from './raise/raise.ts';
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
 * written with the operators that they came with, in the version that they came in or, where codes need a newer one (10 for one scale, 13
 * for a scale a channel, 21 for groups), as that says them; others in version 17 of the operators, or 21 of codes in groups. Input and
 * output are called `input` and `output`, the axis of the batch `batch`.
 * @throws {OnnxError} naming a module that has no form in ONNX here, and nodes that a newer version has no form for.
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
  const written = new GraphWriter();
  for (const [name, value] of graph.constants) if (value.kind === 'tensor') written.constants.set(name, value);
  for (const [name, value] of module.ownValues()) written.constants.set(name, value);
  for (const node of graph.nodes) {
    const name = calls.get(node);
    const layer = name === undefined ? undefined : layers.get(name);
    if (layer && name !== undefined) layerNode(written, node, layer, name);
    else written.nodes.push(node);
  }
  const versions = new Map<string, number>();
  for (const { domain, version: own } of graph.nodes) versions.set(domain, Math.max(own, versions.get(domain) ?? 0));
  const to = Math.max(written.version, versions.get('') ?? version);
  const inputs = graph.inputs.flatMap(({ type }) => type ?? []);
  const constants = [...graph.constants.values()].flatMap((value) => (value.kind === 'tensor' ? [value.type] : []));
  const types = [...inputs, ...constants, ...module.parts.tensors.map(({ elements }) => elements)];
  const nodes = raiseNodes(written, { to, what: written.reason, inputs: graph.inputs, types });
  versions.set('', to);
  for (const [domain, each] of written.domains) versions.set(domain, each);
  return { ...graph, constants: written.constants, nodes, versions };
}

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
