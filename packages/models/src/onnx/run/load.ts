/** From the messages of a file to a graph that can be run: operators looked up, values read, all that is not there refused at once. */
import { FormatError } from '@espalier/nn';
import { decodeUtf8 } from '@espalier/nn/format';
import { OnnxError } from '../errors.ts';
import { findOperator } from '../operators/table.ts';
import type {
  AttributeProto,
  FunctionProto,
  GraphProto,
  ModelProto,
  NodeProto,
  OperatorSetProto,
  SparseTensorProto,
  ValueInfoProto,
} from '../protobuf/messages.ts';
import { elementTypeOf } from '../values/element-types.ts';
import { countOf } from '../values/host-array.ts';
import { readTensor, type TensorPlace } from '../values/read-tensor.ts';
import { OnnxTensor, type Value } from '../values/value.ts';
import type { Attribute, Declared, Graph, GraphNode } from './graph.ts';
import { inlined } from './function.ts';
import type { Operator } from './operator.ts';

/** What stays the same while the graphs of a model are made. */
interface Loading {
  readonly place: TensorPlace;
  readonly versions: ReadonlyMap<string, number>;
  readonly functions: ReadonlyMap<string, FunctionProto>;
  /** Nodes for whose operators there is nothing, by operator. */
  readonly missing: Map<string, string[]>;
  /** Functions that are being made: one that calls itself never ends. */
  readonly within: readonly string[];
  /** In a function: the attributes that it is called with. */
  readonly given?: ReadonlyMap<string, Attribute>;
}

/** A domain by one name: that of ONNX has two. */
export const plainDomain = (domain: string | undefined): string => (domain === 'ai.onnx' ? '' : (domain ?? ''));
/** Versions of sets of operators, by domain. */
export const versionsOf = (sets: readonly OperatorSetProto[]): Map<string, number> =>
  new Map(sets.map(({ domain, version }) => [plainDomain(domain), version ?? 1]));

/**
 * The graph of a model.
 * @throws {FormatError} naming the file, for what is damaged.
 * @throws {OnnxError} naming the nodes whose operators there are not.
 */
export async function loadGraph(model: ModelProto, place: TensorPlace): Promise<Graph> {
  if (!model.graph) throw new FormatError(place.source.name, 0, 'has no graph, as every ONNX model has');
  const loading: Loading = {
    place,
    versions: versionsOf(model.opsetImport),
    functions: new Map(model.functions.map((each) => [`${plainDomain(each.domain)}::${each.name ?? ''}`, each])),
    missing: new Map(),
    within: [],
  };
  const graph = await makeGraph(model.graph, loading);
  if (loading.missing.size > 0) {
    const list = [...loading.missing].map(([type, nodes]) => `${type} in ${some(nodes)}`);
    throw new OnnxError(
      place.source.name,
      `has operators that there are not here: ${list.join(', ')}; export the model without them, or as an opset that says them by other operators`,
    );
  }
  return graph;
}

const some = (names: readonly string[]): string =>
  names.length <= 3 ? names.join(', ') : `${names.slice(0, 3).join(', ')} and ${names.length - 3} more`;

async function makeGraph(proto: GraphProto, loading: Loading): Promise<Graph> {
  const constants = new Map<string, Value>();
  for (const tensor of proto.initializer) constants.set(tensor.name ?? '', await readTensor(tensor, loading.place));
  for (const sparse of proto.sparseInitializer)
    constants.set(sparse.values?.name ?? '', await readSparse(sparse, loading.place));
  return {
    name: proto.name ?? '',
    inputs: proto.input.filter(({ name = '' }) => !constants.has(name)).map(declared),
    outputs: proto.output.map(declared),
    constants,
    nodes: await makeNodes(proto.node, loading),
  };
}

/** What a file says of an input or an output. */
export function declared({ name = '', type }: ValueInfoProto): Declared {
  const tensor = type?.tensorType;
  const elements = elementTypeOf(tensor?.elemType ?? 0);
  const shape = tensor?.shape?.dim.map(({ value, param = '' }) => value ?? param);
  return { name, ...(elements && { type: elements }), ...(shape && { shape }) };
}

async function makeNodes(protos: readonly NodeProto[], loading: Loading): Promise<GraphNode[]> {
  const nodes: GraphNode[] = [];
  for (const proto of protos) nodes.push(await makeNode(proto, loading));
  return nodes;
}

async function makeNode(proto: NodeProto, loading: Loading): Promise<GraphNode> {
  const { opType = '', name = '', input, output } = proto;
  const domain = plainDomain(proto.domain);
  const attributes = new Map<string, Attribute>();
  const floats = new Set<string>();
  for (const attribute of proto.attribute) {
    if (attribute.type === 1 || attribute.type === 6) floats.add(attribute.name ?? '');
    const given = attribute.refAttrName ? loading.given?.get(attribute.refAttrName) : undefined;
    const value = attribute.refAttrName ? given : await readAttribute(attribute, loading);
    if (value !== undefined) attributes.set(attribute.name ?? '', value);
  }
  const version = loading.versions.get(domain) ?? 1;
  const shown = domain === '' ? opType : `${domain}::${opType}`;
  const label = `${shown} '${name || (output.find((each) => each !== '') ?? '')}'`;
  const operator =
    findOperator(domain, opType, version) ?? (await makeFunction(`${domain}::${opType}`, attributes, loading));
  if (!operator || operator.refusal !== undefined) {
    const key = operator?.refusal === undefined ? shown : `${shown} (${operator.refusal})`;
    loading.missing.set(key, [...(loading.missing.get(key) ?? []), name || `'${output[0] ?? ''}'`]);
  }
  return {
    operator: operator ?? absent,
    label,
    name,
    type: opType,
    domain,
    version,
    attributes,
    floats,
    inputs: input,
    outputs: output,
  };
}

/** Stands where there is no operator, until the model is refused. */
const absent: Operator = { type: '', run: (call) => call.refuse('there is no such operator') };

async function makeFunction(
  key: string,
  attributes: ReadonlyMap<string, Attribute>,
  loading: Loading,
): Promise<Operator | undefined> {
  const proto = loading.functions.get(key);
  if (!proto) return undefined;
  if (loading.within.includes(key))
    throw new FormatError(loading.place.source.name, 0, `the function ${key} calls itself, which would never end`);
  const given = new Map<string, Attribute>();
  for (const each of proto.attributeProto) {
    const value = await readAttribute(each, loading);
    if (value !== undefined) given.set(each.name ?? '', value);
  }
  for (const [name, value] of attributes) given.set(name, value);
  const nodes = await makeNodes(proto.node, {
    ...loading,
    versions: new Map([...loading.versions, ...versionsOf(proto.opsetImport)]),
    within: [...loading.within, key],
    given,
  });
  return inlined(key, {
    name: key,
    inputs: proto.input.map((name) => ({ name })),
    outputs: proto.output.map((name) => ({ name })),
    constants: new Map(),
    nodes,
  });
}

async function readAttribute(attribute: AttributeProto, loading: Loading): Promise<Attribute | undefined> {
  const { place } = loading;
  const reader = readers[attribute.type ?? 0];
  if (attribute.sparseTensor) return readSparse(attribute.sparseTensor, place);
  if (!reader)
    throw new OnnxError(
      place.source.name,
      `the attribute '${attribute.name ?? ''}' is of the type ${attribute.type ?? 0}, which is not read here`,
    );
  return reader(attribute, loading);
}

const textOf = ({ bytes, offset }: { readonly bytes?: Uint8Array; readonly offset: number }, file: string): string => {
  const text = bytes && decodeUtf8(bytes);
  if (text === undefined)
    throw new FormatError(file, offset, 'an attribute is a text of more than 1 MiB, or not UTF-8');
  return text;
};

/** What there is of an attribute, by the number of its type. */
const readers: Readonly<
  Record<
    number,
    (attribute: AttributeProto, loading: Loading) => Promise<Attribute | undefined> | Attribute | undefined
  >
> = {
  1: ({ f }) => f ?? 0,
  2: ({ i }) => i ?? 0,
  3: ({ s }, { place }) => (s ? textOf(s, place.source.name) : ''),
  4: ({ t }, { place }) => t && readTensor(t, place),
  5: ({ g }, loading) => g && makeGraph(g, loading),
  6: ({ floats }) => floats,
  7: ({ ints }) => ints,
  8: ({ strings }, { place }) => strings.map((each) => textOf(each, place.source.name)),
  // The type of an optional that has no value: none is needed to have none.
  13: () => undefined,
  10: ({ graphs }, loading) => Promise.all(graphs.map((graph) => makeGraph(graph, loading))),
};

/** Elements at places, zeros elsewhere, as a dense tensor. */
async function readSparse({ values, indices, dims }: SparseTensorProto, place: TensorPlace): Promise<OnnxTensor> {
  const refuse = (problem: string): never => {
    throw new FormatError(place.source.name, 0, `a sparse tensor ${problem}`);
  };
  if (!values || !indices) return refuse('lacks its values or its indices');
  const [known, places] = [await readTensor(values, place), await readTensor(indices, place)];
  const count = countOf(dims);
  if (count > 2 ** 24) refuse(`has ${count} elements; at most ${2 ** 24} are made dense`);
  const dense = new Array<number>(count).fill(0);
  const numbers = known.numbers();
  const at = places.numbers();
  const rank = places.shape.length === 2 ? dims.length : 1;
  for (const [index, value] of numbers.entries()) {
    const own = at.slice(index * rank, (index + 1) * rank);
    const flat =
      rank === 1 && places.shape.length === 1
        ? own[0]
        : own.reduce((sum, each, axis) => sum * (dims[axis] as number) + each, 0);
    if (flat === undefined || !(flat >= 0 && flat < count)) return refuse(`has an element at ${flat} of ${count}`);
    dense[flat] = value;
  }
  return OnnxTensor.numbers(known.type, dense, dims);
}
