/** Graphs as JSON, as the description of a module has them, and back. */
import { ConfigError, type Json } from '@espalier/nn';
import { findOperator } from '../operators/table.ts';
import type { Attribute, Declared, Graph, GraphNode } from '../run/graph.ts';
import { elementTypes, type ElementType } from '../values/element-types.ts';
import { countOf } from '../values/host-array.ts';
import { OnnxTensor, type Value } from '../values/value.ts';

/** An object of JSON. */
export type JsonObject = { readonly [field: string]: Json };

/** Numbers that JSON lacks, by the texts that stand for them. */
const specials: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
};
const shown = (value: number): Json => (Number.isFinite(value) ? value : String(value));

/** A graph. `layers` says which nodes are calls of which layer. */
export function graphToJson(graph: Graph, layers: ReadonlyMap<GraphNode, string> = new Map()): JsonObject {
  return {
    name: graph.name,
    inputs: graph.inputs.map(declaredToJson),
    outputs: graph.outputs.map(declaredToJson),
    constants: Object.fromEntries(
      [...graph.constants].flatMap(([name, value]) => (value.kind === 'tensor' ? [[name, tensorToJson(value)]] : [])),
    ),
    nodes: graph.nodes.map((node) => nodeToJson(node, layers.get(node))),
  };
}

function declaredToJson({ name, type, shape }: Declared): JsonObject {
  return { name, ...(type && { elements: type }), ...(shape && { shape: [...shape] }) };
}

function nodeToJson(node: GraphNode, layer: string | undefined): JsonObject {
  return {
    op: node.type,
    ...(node.domain !== '' && { domain: node.domain }),
    version: node.version,
    ...(node.name !== '' && { name: node.name }),
    inputs: [...node.inputs],
    outputs: [...node.outputs],
    ...(node.attributes.size > 0 && {
      attributes: Object.fromEntries([...node.attributes].map(([name, value]) => [name, attributeToJson(value)])),
    }),
    ...(node.floats && node.floats.size > 0 && { floats: [...node.floats] }),
    ...(layer !== undefined && { layer }),
  };
}

function tensorToJson(value: OnnxTensor): JsonObject {
  return {
    elements: value.type,
    shape: [...value.shape],
    values: value.type === 'string' ? [...value.texts()] : value.numbers().map(shown),
  };
}

function attributeToJson(value: Attribute): Json {
  if (typeof value === 'number') return shown(value);
  if (typeof value === 'string') return { text: value };
  if (value instanceof OnnxTensor) return { tensor: tensorToJson(value) };
  if ('nodes' in value) return { graph: graphToJson(value) };
  const [first] = value;
  if (typeof first === 'string') return { texts: [...(value as readonly string[])] };
  if (typeof first === 'object') return { graphs: (value as readonly Graph[]).map((each) => graphToJson(each)) };
  return (value as readonly number[]).map(shown);
}

/** Reads a description, and says the place of what is wrong in it. */
class Reader {
  readonly #where: string;

  constructor(where: string) {
    this.#where = where;
  }

  refuse(place: string, problem: string): never {
    throw new ConfigError(`${this.#where}.${place}`, problem);
  }

  object(value: unknown, place: string): Readonly<Record<string, unknown>> {
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Readonly<Record<string, unknown>>;
    return this.refuse(place, 'must be an object');
  }

  list(value: unknown, place: string): readonly unknown[] {
    return Array.isArray(value) ? value : this.refuse(place, 'must be a list');
  }

  text(value: unknown, place: string): string {
    return typeof value === 'string' ? value : this.refuse(place, 'must be a text');
  }

  texts(value: unknown, place: string): string[] {
    return this.list(value, place).map((each, index) => this.text(each, `${place}[${index}]`));
  }

  number(value: unknown, place: string): number {
    if (typeof value === 'number') return value;
    if (typeof value === 'string' && Object.hasOwn(specials, value)) return specials[value] as number;
    return this.refuse(place, 'must be a number');
  }

  numbers(value: unknown, place: string): number[] {
    return this.list(value, place).map((each, index) => this.number(each, `${place}[${index}]`));
  }

  shape(value: unknown, place: string): number[] {
    const sizes = this.numbers(value, place);
    return sizes.every((size) => Number.isSafeInteger(size) && size >= 0)
      ? sizes
      : this.refuse(place, 'must be a list of sizes');
  }

  elements(value: unknown, place: string): ElementType {
    const name = this.text(value, place);
    return Object.hasOwn(elementTypes, name)
      ? (name as ElementType)
      : this.refuse(place, `'${name}' is no type of elements`);
  }
}

/** What JSON says of the nodes that are calls of layers, by their places. */
export interface GraphOfJson {
  readonly graph: Graph;
  readonly layers: ReadonlyMap<GraphNode, string>;
}

/**
 * A graph from its description.
 * @throws {ConfigError} naming the place of what is wrong in it.
 */
export function graphFromJson(value: unknown, where: string): GraphOfJson {
  const layers = new Map<GraphNode, string>();
  return { graph: readGraph(new Reader(where), value, 'graph', layers), layers };
}

function readGraph(reader: Reader, value: unknown, place: string, layers: Map<GraphNode, string>): Graph {
  const fields = reader.object(value, place);
  const constants = Object.entries(reader.object(fields['constants'], `${place}.constants`));
  return {
    name: reader.text(fields['name'], `${place}.name`),
    inputs: reader
      .list(fields['inputs'], `${place}.inputs`)
      .map((each, index) => readDeclared(reader, each, `${place}.inputs[${index}]`)),
    outputs: reader
      .list(fields['outputs'], `${place}.outputs`)
      .map((each, index) => readDeclared(reader, each, `${place}.outputs[${index}]`)),
    constants: new Map(
      constants.map(([name, each]): [string, Value] => [name, readTensor(reader, each, `${place}.constants.${name}`)]),
    ),
    nodes: reader
      .list(fields['nodes'], `${place}.nodes`)
      .map((each, index) => readNode(reader, each, `${place}.nodes[${index}]`, layers)),
  };
}

function readDeclared(reader: Reader, value: unknown, place: string): Declared {
  const { name, elements, shape } = reader.object(value, place);
  return {
    name: reader.text(name, `${place}.name`),
    ...(elements !== undefined && { type: reader.elements(elements, `${place}.elements`) }),
    ...(shape !== undefined && {
      shape: reader.list(shape, `${place}.shape`).map((each) => (typeof each === 'number' ? each : String(each))),
    }),
  };
}

function readTensor(reader: Reader, value: unknown, place: string): OnnxTensor {
  const fields = reader.object(value, place);
  const type = reader.elements(fields['elements'], `${place}.elements`);
  const shape = reader.shape(fields['shape'], `${place}.shape`);
  const values = reader.list(fields['values'], `${place}.values`);
  if (values.length !== countOf(shape))
    reader.refuse(`${place}.values`, `are ${values.length}, but the shape has ${countOf(shape)}`);
  return type === 'string'
    ? OnnxTensor.texts(reader.texts(values, `${place}.values`), shape)
    : OnnxTensor.numbers(type, reader.numbers(values, `${place}.values`), shape);
}

function readNode(reader: Reader, value: unknown, place: string, layers: Map<GraphNode, string>): GraphNode {
  const fields = reader.object(value, place);
  const type = reader.text(fields['op'], `${place}.op`);
  const domain = fields['domain'] === undefined ? '' : reader.text(fields['domain'], `${place}.domain`);
  const version = reader.number(fields['version'], `${place}.version`);
  const name = fields['name'] === undefined ? '' : reader.text(fields['name'], `${place}.name`);
  const outputs = reader.texts(fields['outputs'], `${place}.outputs`);
  const attributes =
    fields['attributes'] === undefined ? {} : reader.object(fields['attributes'], `${place}.attributes`);
  const operator =
    findOperator(domain, type, version) ?? reader.refuse(`${place}.op`, `'${type}' is no operator that there is here`);
  const node: GraphNode = {
    operator,
    label: `${domain === '' ? type : `${domain}::${type}`} '${name || (outputs[0] ?? '')}'`,
    name,
    type,
    domain,
    version,
    inputs: reader.texts(fields['inputs'], `${place}.inputs`),
    outputs,
    floats: new Set(fields['floats'] === undefined ? [] : reader.texts(fields['floats'], `${place}.floats`)),
    attributes: new Map(
      Object.entries(attributes).map(([key, each]) => [
        key,
        readAttribute(reader, each, `${place}.attributes.${key}`, layers),
      ]),
    ),
  };
  if (fields['layer'] !== undefined) layers.set(node, reader.text(fields['layer'], `${place}.layer`));
  return node;
}

function readAttribute(reader: Reader, value: unknown, place: string, layers: Map<GraphNode, string>): Attribute {
  if (Array.isArray(value)) return reader.numbers(value, place);
  if (typeof value !== 'object') return reader.number(value, place);
  const { text, texts, tensor, graph, graphs } = reader.object(value, place);
  if (text !== undefined) return reader.text(text, place);
  if (texts !== undefined) return reader.texts(texts, place);
  if (tensor !== undefined) return readTensor(reader, tensor, place);
  if (graph !== undefined) return readGraph(reader, graph, place, layers);
  return reader.list(graphs, place).map((each, index) => readGraph(reader, each, `${place}[${index}]`, layers));
}
