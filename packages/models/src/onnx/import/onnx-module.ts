/** A graph of ONNX as a module: its weights are parameters, its layers are modules, and its forward runs the graph. */
import {
  below,
  ConfigError,
  Module,
  moduleTypes,
  registerModule,
  type CallContext,
  type Json,
  type ModuleConfig,
  type ModuleType,
  type Parameter,
} from '@espalier/nn';
import { ArgumentError, zeros, type Device, type Tensor } from '@espalier/tensor';
import { OnnxError } from '../errors.ts';
import { usualHostElements, type Call } from '../run/call.ts';
import { evaluate } from '../run/evaluate.ts';
import type { Graph, GraphNode } from '../run/graph.ts';
import { operator } from '../run/operator.ts';
import { elementTypes, type ElementType } from '../values/element-types.ts';
import { OnnxTensor, type Value } from '../values/value.ts';
import { callLayer } from './call-layer.ts';
import { graphFromJson, graphToJson } from './graph-json.ts';

/** A tensor of a module that is no layer's: a parameter or a buffer, and the name of its value in the graph. */
export interface OwnTensor {
  /** In the module. */
  readonly name: string;
  /** In the graph. */
  readonly value: string;
  readonly elements: ElementType;
  readonly shape: readonly number[];
  /** Whether it is trained. */
  readonly trained: boolean;
}

/** What a module is made of. */
export interface OnnxParts {
  readonly graph: Graph;
  /** Layers, by their names, in the order of the graph. */
  readonly layers: ReadonlyMap<string, Module>;
  /** Which nodes are calls of which layer. */
  readonly calls: ReadonlyMap<GraphNode, string>;
  readonly tensors: readonly OwnTensor[];
}

/**
 * A graph of ONNX with one input. Parameters: those of its layers, and the other weights of the graph by their names. Its output
 * is the first of the graph.
 */
export class OnnxModule extends Module {
  readonly type = 'onnx';
  readonly #parts: OnnxParts;
  readonly #graph: Graph;
  readonly #own: { readonly tensor: OwnTensor; readonly read: () => Tensor }[] = [];
  readonly #device: Device;
  #context: CallContext | undefined;

  /** @throws {ArgumentError} for a graph with more than one input. */
  constructor(parts: OnnxParts, device: Device) {
    super();
    this.#parts = parts;
    this.#device = device;
    const { graph, layers, tensors, calls } = parts;
    if (graph.inputs.length !== 1)
      throw new ArgumentError(
        'OnnxModule',
        `the graph has the inputs ${graph.inputs.map(({ name }) => `'${name}'`).join(', ') || 'none'}; a module has one: fix the others (fixed, of importOnnx), or run it with openOnnx`,
      );
    for (const [name, layer] of layers) this.addModule(name, layer);
    for (const tensor of tensors) {
      const { carrier } = elementTypes[tensor.elements];
      const value = zeros(tensor.shape, { dtype: carrier ?? 'f32', device });
      if (tensor.trained) {
        const parameter = this.addParameter(tensor.name, value);
        this.#own.push({ tensor, read: () => parameter.value });
      } else {
        const buffer = this.addBuffer(tensor.name, value);
        this.#own.push({ tensor, read: () => buffer });
      }
    }
    this.#graph = { ...graph, nodes: graph.nodes.map((node) => this.#withLayer(node, calls.get(node))) };
  }

  /** The graph, of which nodes that are layers have no weights. */
  get parts(): OnnxParts {
    return this.#parts;
  }

  /** Own tensors as they are now, by the names of their values in the graph. */
  ownValues(): Map<string, OnnxTensor> {
    return new Map(this.#own.map(({ tensor, read }) => [tensor.value, OnnxTensor.of(tensor.elements, read())]));
  }

  #withLayer(node: GraphNode, name: string | undefined): GraphNode {
    const layer = name === undefined ? undefined : this.#parts.layers.get(name);
    if (!layer || name === undefined) return node;
    const run = (call: Call): Value =>
      OnnxTensor.of(
        call.input(0).type,
        callLayer(call, node, layer, (x) => layer.call(x, below(this.#context, name))),
      );
    return { ...node, operator: operator(node.type, run) };
  }

  /** @throws {OnnxError} naming the node that the batch does not fit, or that there is no operator for. */
  forward(x: Tensor, context?: CallContext): Tensor {
    const [input] = this.#graph.inputs;
    const declared = input?.type;
    const type = declared && elementTypes[declared].carrier === x.dtype ? declared : x.dtype;
    const graph = {
      ...this.#graph,
      constants: new Map<string, Value>([...this.#graph.constants, ...this.ownValues()]),
    };
    const before = this.#context;
    this.#context = context;
    try {
      const [output] = evaluate(graph, [OnnxTensor.of(type, x)], { device: x.device, hostElements: usualHostElements });
      if (output?.kind !== 'tensor') throw new OnnxError('onnx', 'the first output is no tensor');
      return output.tensor(this.#device);
    } finally {
      this.#context = before;
    }
  }

  config(): ModuleConfig {
    const { graph, calls, layers, tensors } = this.#parts;
    return {
      type: this.type,
      graph: graphToJson(graph, calls),
      tensors: tensors.map(({ shape, ...rest }) => ({ ...rest, shape: [...shape] })),
      layers: [...layers].map(([name, layer]) => ({ name, layer: layer.config() })),
    };
  }

  /** A parameter of the module itself, by its name in the graph. */
  ownParameter(name: string): Parameter | undefined {
    const own = this.#parts.tensors.find(({ value, trained }) => trained && value === name);
    return own && this.namedParameters({ own: true }).get(own.name);
  }
}

function tensorsFrom(value: unknown, where: string): OwnTensor[] {
  if (!Array.isArray(value)) throw new ConfigError(`${where}.tensors`, 'must be a list');
  return value.map((each: unknown, index): OwnTensor => {
    const { name, value: inGraph, elements, shape, trained } = (each ?? {}) as Readonly<Record<string, Json>>;
    const isShape = Array.isArray(shape) && shape.every((size) => Number.isSafeInteger(size) && (size as number) >= 0);
    if (typeof name !== 'string' || typeof inGraph !== 'string' || !isShape || typeof trained !== 'boolean')
      throw new ConfigError(`${where}.tensors[${index}]`, 'must be { name, value, elements, shape, trained }');
    if (typeof elements !== 'string' || !Object.hasOwn(elementTypes, elements))
      throw new ConfigError(`${where}.tensors[${index}].elements`, 'is no type of elements');
    return { name, value: inGraph, elements: elements as ElementType, shape: shape as number[], trained };
  });
}

/** The module in JSON: `{ type: 'onnx', graph, tensors, layers }`. */
const onnxType: ModuleType = {
  type: 'onnx',
  build: (config, { device }, where, child) => {
    const { graph, layers: calls } = graphFromJson(config['graph'], where === '' ? 'onnx' : where);
    const described = config['layers'];
    if (!Array.isArray(described)) throw new ConfigError(`${where}.layers`, 'must be a list');
    const layers = new Map<string, Module>();
    for (const [index, each] of (described as readonly unknown[]).entries()) {
      const { name, layer } = (each ?? {}) as { readonly name?: unknown; readonly layer?: unknown };
      if (typeof name !== 'string') throw new ConfigError(`${where}.layers[${index}].name`, 'must be a text');
      layers.set(name, child(layer, `layers[${index}].layer`));
    }
    for (const name of calls.values())
      if (!layers.has(name)) throw new ConfigError(`${where}.graph`, `calls the layer '${name}', which there is not`);
    return new OnnxModule({ graph, layers, calls, tensors: tensorsFrom(config['tensors'], where) }, device);
  },
};

/** Makes `build` and the readers of model folders know modules of the type `onnx`; `importOnnx` does it, too. */
export function registerOnnx(): void {
  if (!moduleTypes().includes(onnxType.type)) registerModule(onnxType);
}
