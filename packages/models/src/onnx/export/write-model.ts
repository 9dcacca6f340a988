/** Writes a graph as a file: weights one after the other, so that no more than one of them is held. */
import { ArgumentError } from '@espalier/tensor';
import type { ByteSink } from '../../bytes/byte-sink.ts';
import { encodeMessage } from '../protobuf/encode.ts';
import {
  graphProto,
  modelProto,
  tensorProto,
  type AttributeProto,
  type GraphProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from '../protobuf/messages.ts';
import type { FieldBytes } from '../protobuf/rules.ts';
import { WireWriter } from '../protobuf/wire.ts';
import type { Attribute, Declared, Graph } from '../run/graph.ts';
import { elementTypes } from '../values/element-types.ts';
import { OnnxTensor } from '../values/value.ts';
import { rawBytesOf, rawNow, rawSize, rawText } from '../values/raw-bytes.ts';
import type { WrittenGraph, WrittenNode } from './graph-writer.ts';

/** As many bytes as protobuf reads in one message. */
const largest = 2 ** 31 - 1;

/** The version of the format that operators of a version need, at least. */
const formatOf = (version: number): number => (version <= 18 ? 8 : version <= 20 ? 9 : 10);

const bytesField = (bytes: Uint8Array): FieldBytes => ({ offset: 0, length: bytes.byteLength, bytes });

/**
 * Writes a model.
 * @throws {ArgumentError} for weights of 2 GiB and more, which protobuf does not read.
 */
export async function writeModel(sink: ByteSink, graph: WrittenGraph): Promise<void> {
  const body = encodeMessage<GraphProto>(graphMessage({ ...graph, constants: new Map() }), graphProto);
  const weights = [...graph.constants].map(([name, value]) => ({ value, head: headOf(name, value) }));
  const sizes = weights.map(({ head, value }) => sizeWithin(head, rawSize(value)));
  const total = sizes.reduce((sum, { outer }) => sum + outer, body.byteLength);
  if (total > largest)
    throw new ArgumentError(
      'exportOnnx',
      `the weights take ${total} bytes, but a model in one file may have ${largest}; export fewer, or in a narrower dtype`,
    );
  await sink.write(
    encodeMessage(
      {
        irVersion: formatOf(graph.versions.get('') ?? 17),
        producerName: 'espalier',
        opsetImport: [...graph.versions].map(([domain, version]) => ({ domain, version })),
        metadataProps: [],
        functions: [],
      },
      modelProto,
    ),
  );
  await sink.write(sizedHead(7, total));
  await sink.write(body);
  for (const [index, { head, value }] of weights.entries()) {
    await sink.write(sizedHead(5, sizes[index]?.inner ?? 0));
    await sink.write(head);
    await sink.write(sizedHead(9, rawSize(value)));
    await sink.write(await rawBytesOf(value));
  }
}

/** A tag and a length, before as many bytes. */
function sizedHead(field: number, length: number): Uint8Array {
  const writer = new WireWriter();
  writer.tag(field, 2);
  writer.integer(BigInt(length));
  return writer.bytes();
}

function sizeWithin(head: Uint8Array, raw: number): { readonly inner: number; readonly outer: number } {
  const inner = head.byteLength + sizedHead(9, raw).byteLength + raw;
  return { inner, outer: sizedHead(5, inner).byteLength + inner };
}

const bare = {
  floatData: [],
  int32Data: [],
  stringData: [],
  int64Data: [],
  doubleData: [],
  uint64Data: [],
  externalData: [],
} as const;

/** What a file says of a tensor before its bytes. */
const headOf = (name: string, { type, shape }: OnnxTensor): Uint8Array =>
  encodeMessage<TensorProto>({ ...bare, dims: shape, dataType: elementTypes[type].code, name }, tensorProto);

/** A small tensor within a node. */
function tensorMessage(name: string, value: OnnxTensor): TensorProto {
  const head = { ...bare, name, dims: value.shape, dataType: elementTypes[value.type].code };
  if (value.type === 'string') return { ...head, stringData: value.texts().map((text) => bytesField(rawText(text))) };
  return { ...head, rawData: bytesField(rawNow(value)) };
}

function graphMessage(graph: Pick<WrittenGraph, 'name' | 'inputs' | 'outputs' | 'constants' | 'nodes'>): GraphProto {
  return {
    name: graph.name === '' ? 'graph' : graph.name,
    node: graph.nodes.map(nodeMessage),
    initializer: [...graph.constants].map(([name, value]) => tensorMessage(name, value)),
    input: graph.inputs.map(declaredMessage),
    output: graph.outputs.map(declaredMessage),
    valueInfo: [],
    sparseInitializer: [],
  };
}

const nodeMessage = ({
  type,
  domain,
  name,
  inputs,
  outputs,
  attributes,
  floats = floatNames,
}: WrittenNode): NodeProto => ({
  input: inputs,
  output: outputs,
  name,
  opType: type,
  ...(domain !== '' && { domain }),
  attribute: [...attributes].map(([key, value]) => attributeMessage(key, value, floats.has(key))),
});

function declaredMessage({ name, type, shape }: Declared): ValueInfoProto {
  if (!type) return { name };
  const dim = shape?.map((size) => (typeof size === 'number' ? { value: size } : { param: size }));
  return { name, type: { tensorType: { elemType: elementTypes[type].code, ...(dim && { shape: { dim } }) } } };
}

const plain = { floats: [], ints: [], strings: [], tensors: [], graphs: [] } as const;
const innerGraph = (graph: Graph): GraphProto =>
  graphMessage({
    ...graph,
    constants: new Map(
      [...graph.constants].flatMap(([name, value]) => (value.kind === 'tensor' ? [[name, value] as const] : [])),
    ),
  });

/** Attributes of layers that are floats. */
const floatNames: ReadonlySet<string> = new Set(['alpha', 'beta', 'epsilon', 'momentum']);

function attributeMessage(name: string, value: Attribute, isFloat: boolean): AttributeProto {
  const base = { ...plain, name };
  if (typeof value === 'number')
    return isFloat || !Number.isInteger(value) ? { ...base, type: 1, f: value } : { ...base, type: 2, i: value };
  if (typeof value === 'string') return { ...base, type: 3, s: bytesField(rawText(value)) };
  if (value instanceof OnnxTensor) return { ...base, type: 4, t: tensorMessage('', value) };
  if ('nodes' in value) return { ...base, type: 5, g: innerGraph(value) };
  const [first] = value;
  if (typeof first === 'string')
    return { ...base, type: 8, strings: (value as readonly string[]).map((text) => bytesField(rawText(text))) };
  if (typeof first === 'object') return { ...base, type: 10, graphs: (value as readonly Graph[]).map(innerGraph) };
  const numbers = value as readonly number[];
  if (isFloat || numbers.some((each) => !Number.isInteger(each))) return { ...base, type: 6, floats: numbers };
  return { ...base, type: 7, ints: numbers };
}
