/** From an ONNX file to a module of the library. */
import { build, type Module } from '@espalier/nn';
import type { ByteSource } from '@espalier/nn/format';
import { ArgumentError, defaultDevice, keep, type Device, type EncodedMatrix, type Tensor } from '@espalier/tensor';
import { aDevice, aText, anObject, check, checkOptional } from '@espalier/tensor/arguments';
import type { OpenOptions } from '../../containers/container.ts';
import { decodeFile } from '../protobuf/decode.ts';
import { modelProto } from '../protobuf/messages.ts';
import type { Graph, GraphNode } from '../run/graph.ts';
import { loadGraph } from '../run/load.ts';
import { elementTypes } from '../values/element-types.ts';
import { OnnxTensor, type Value } from '../values/value.ts';
import { CodedConstants } from './coded-constants.ts';
import { foldConstants } from './fold.ts';
import { freeBatch } from './free-batch.ts';
import { hoistConstants } from './hoist.ts';
import { inlineFunctions, namesUsed } from './inline.ts';
import { findLayer } from './layers.ts';
import { Names } from './names.ts';
import { OnnxModule, registerOnnx, type OwnTensor } from './onnx-module.ts';

/** How a model is imported. */
export interface OnnxImportOptions {
  /** Default: `defaultDevice()`. */
  readonly device?: Device;
  /** The output that the module gives, by its name. Default: the first. */
  readonly output?: string;
  /** Inputs that always have the same value, which becomes a part of the module: a module has one input. */
  readonly fixed?: Readonly<Record<string, OnnxTensor>>;
  /** Files beside the model, for weights that lie in them. */
  readonly sibling?: OpenOptions['sibling'];
}

/**
 * An ONNX model with one input as a module: its parameters are its weights, by their names, so that it is trained, pruned,
 * quantized and distilled as others are.
 * @throws {FormatError} naming the file and the place, for what is damaged.
 * @throws {OnnxError} naming the nodes whose operators there are not.
 * @throws {ArgumentError} for a model with several inputs, and for an output that it has not.
 *
 * @example
 * const model = await importOnnx(await fileBytes('model.onnx'));
 */
export async function importOnnx(source: ByteSource, options: OnnxImportOptions = {}): Promise<OnnxModule> {
  check('importOnnx', 'source', source, anObject);
  checkOptional('importOnnx', 'output', options.output, aText);
  checkOptional('importOnnx', 'device', options.device, aDevice);
  const { device = defaultDevice(), output, sibling } = options;
  registerOnnx();
  const model = await decodeFile(source, modelProto);
  const loaded = await loadGraph(model, { source, ...(sibling && { sibling }) });
  const chosen =
    output === undefined ? loaded.outputs.slice(0, 1) : loaded.outputs.filter(({ name }) => name === output);
  if (chosen.length === 0) {
    const names = loaded.outputs.map(({ name }) => `'${name}'`).join(', ');
    check('importOnnx', 'output', output, {
      is: `one of ${names}`,
      holds: (value): value is string => chosen.length > 0 && value !== undefined,
    });
  }
  const fixed = new Map(Object.entries(options.fixed ?? {}));
  const named = withFixed({ ...loaded, outputs: chosen }, fixed);
  const coded = new CodedConstants();
  const folded = foldConstants(inlineFunctions(named), device, coded);
  const graph = freeBatch(hoistConstants(folded, device), device);
  return makeModule(graph, device, coded);
}

/** A graph of which some inputs are constants. */
function withFixed(graph: Graph, fixed: ReadonlyMap<string, OnnxTensor>): Graph {
  for (const [name, value] of fixed) {
    const input = graph.inputs.find((each) => each.name === name);
    const names = graph.inputs.map((each) => `'${each.name}'`).join(', ');
    if (!input) throw new ArgumentError('importOnnx', `fixes the input '${name}', but the model has ${names}`);
    if (!(value instanceof OnnxTensor))
      throw new ArgumentError(
        'importOnnx',
        `the value of the fixed input '${name}' must be an OnnxTensor, such as OnnxTensor.numbers('i64', [1])`,
      );
  }
  return {
    ...graph,
    inputs: graph.inputs.filter(({ name }) => !fixed.has(name)),
    constants: new Map<string, Value>([...graph.constants, ...fixed]),
  };
}

/** Inputs of operators that say how, not what: they stay constants. */
const settings: Readonly<Record<string, readonly number[]>> = {
  Clip: [1, 2],
  Pad: [1, 2],
  Resize: [1, 2, 3],
  Upsample: [1],
  Range: [0, 1, 2],
  QuantizeLinear: [1],
  DequantizeLinear: [1],
  Dropout: [1],
  OneHot: [2],
  Pow: [1],
};

/** Inputs that are numbers, many, and nothing that is learned: masks, and the angles of places. */
const unlearned: typeof settings = { Attention: [3], RotaryEmbedding: [1, 2] };

/** Whether all that take a value take it at places of a table. */
function isOnlyAt(
  table: typeof settings,
  name: string,
  uses: ReadonlyMap<string, readonly (GraphNode | undefined)[]>,
): boolean {
  return (uses.get(name) ?? []).every((node) => {
    const places = node && node.domain === '' && Object.hasOwn(table, node.type) ? table[node.type] : undefined;
    return places?.some((place) => node?.inputs[place] === name);
  });
}

/** Which nodes, and outputs of the graph (undefined), take a value. */
function usesOf(graph: Graph): Map<string, (GraphNode | undefined)[]> {
  const uses = new Map<string, (GraphNode | undefined)[]>();
  const note = (name: string, node: GraphNode | undefined): void =>
    void uses.set(name, [...(uses.get(name) ?? []), node]);
  for (const node of graph.nodes) for (const name of namesUsed(node)) note(name, node);
  for (const { name } of graph.outputs) note(name, undefined);
  return uses;
}

async function makeModule(graph: Graph, device: Device, coded: CodedConstants): Promise<OnnxModule> {
  const uses = usesOf(graph);
  const names = new Names();
  const layers = new Map<string, Module>();
  const calls = new Map<GraphNode, string>();
  const state = new Map<string, Tensor>();
  const absorbed = new Set<GraphNode>();
  const taken = new Set<string>();
  const matrices = new Map<string, EncodedMatrix>();
  const nodes: GraphNode[] = [];
  for (const node of graph.nodes) {
    if (absorbed.has(node)) continue;
    const found = findLayer(node, { graph, device, uses, coded });
    if (!found) {
      nodes.push(node);
      continue;
    }
    const wanted =
      /^(.+)[./](weight|w|W|gamma|scale)(?:_codes)?$/.exec(found.weight)?.[1] ?? (node.name || found.weight);
    const name = names.give(wanted, `${node.type.toLowerCase()}_${layers.size + 1}`);
    layers.set(name, build(found.config, { device, seed: 0 }));
    for (const [key, tensor] of found.state) state.set(`${name}.${key}`, tensor);
    if (found.matrix) matrices.set(`${name}.weight`, found.matrix);
    for (const each of found.nodes) {
      absorbed.add(each);
      for (const input of each.inputs) if (graph.constants.has(input)) taken.add(input);
    }
    const layer: GraphNode = {
      ...node,
      attributes: new Map([...node.attributes, ...found.attributes]),
      inputs: node.inputs.slice(0, 1),
      outputs: (found.nodes.at(-1) as GraphNode).outputs.slice(0, 1),
    };
    nodes.push(layer);
    calls.set(layer, name);
  }
  const constants = new Map<string, Value>();
  const tensors: OwnTensor[] = [];
  for (const [value, tensor] of graph.constants) {
    if (taken.has(value)) continue;
    if (tensor.kind !== 'tensor' || !isWeight(value, tensor, uses)) {
      constants.set(value, tensor);
      continue;
    }
    const name = names.give(value, `value_${tensors.length + 1}`);
    const { kind, carrier } = elementTypes[tensor.type];
    const trained = kind === 'float' && carrier === tensor.type && !isOnlyAt(unlearned, value, uses);
    tensors.push({ name, value, elements: tensor.type, shape: tensor.shape, trained });
    state.set(name, tensor.tensor(device));
  }
  const module = new OnnxModule({ graph: { ...graph, nodes, constants }, layers, calls, tensors }, device);
  module.load(
    new Map([...state].map(([name, tensor]) => [name, keep(tensor.cast(dtypeIn(module, name)).realizeSync())])),
  );
  const parameters = module.namedParameters();
  for (const [name, matrix] of matrices) parameters.get(name)?.store({ matrix });
  return module;
}

const dtypeIn = (module: Module, name: string): Tensor['dtype'] => module.rawTensors().get(name)?.dtype ?? 'f32';

/** Whether a constant is one of the weights: floats with axes that are computed with, and other numbers that are many. */
function isWeight(
  name: string,
  value: OnnxTensor,
  uses: ReadonlyMap<string, readonly (GraphNode | undefined)[]>,
): boolean {
  const { kind, carrier } = elementTypes[value.type];
  if (carrier === undefined) return false;
  if (kind !== 'float') return !value.isKnown || value.size > 1024;
  if (value.shape.length === 0) return false;
  return !isOnlyAt(settings, name, uses);
}
