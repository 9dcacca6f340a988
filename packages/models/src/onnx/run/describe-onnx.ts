/** What is in an ONNX file, whether or not it can be run here: its description alone is read, and no weights. */
import { FormatError } from '@espalier/nn';
import { showName } from '@espalier/nn/arguments';
import type { ByteSource } from '@espalier/nn/format';
import { anObject, check, showShape } from '@espalier/tensor/arguments';
import { findOperator } from '../operators/table.ts';
import { decodeFile } from '../protobuf/decode.ts';
import {
  modelProto,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type TensorProto,
} from '../protobuf/messages.ts';
import { elementTypeOf, elementTypes } from '../values/element-types.ts';
import { countOf } from '../values/host-array.ts';
import type { Declared } from './graph.ts';
import { declared, plainDomain, versionsOf } from './load.ts';

/** An operator that a model uses. */
export interface UsedOperator {
  /** With its domain, where that is not ONNX's own: `com.microsoft::FusedConv`. */
  readonly name: string;
  /** How many nodes are of it, those of inner graphs and of functions included; a function counts once. */
  readonly count: number;
  /** Whether it is run here; a function of the model is, if its nodes are. */
  readonly isKnown: boolean;
}

/** A tensor that a file has. */
export interface StoredTensor {
  /** Of its value in the graph. */
  readonly name: string;
  /** As ONNX names it: `float`, `int64`; `undefined` for a number that no type has. */
  readonly type: string;
  readonly shape: readonly number[];
  readonly elements: number;
  /** Whether it is of floats: whole numbers say how, not what. */
  readonly isFloat: boolean;
  /** The file of its folder that it lies in, where it does not lie in the model's own. */
  readonly file?: string;
}

/** What a file says of its model. */
export interface OnnxDescription {
  /** Without those that have values in the file. */
  readonly inputs: readonly Declared[];
  readonly outputs: readonly Declared[];
  /** Versions of sets of operators, by domain; that of ONNX is `ai.onnx`. */
  readonly opsets: Readonly<Record<string, number>>;
  /** In the order in which they first come. */
  readonly operators: readonly UsedOperator[];
  /** Initializers and constants, those of inner graphs too. */
  readonly tensors: readonly StoredTensor[];
  readonly producer: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Describes a file. Weights in other files need not be there.
 * @throws {FormatError} naming the file and the place, for what is damaged.
 *
 * @example
 * const { operators } = await describeOnnx(await fileBytes('model.onnx'));
 * const unknown = operators.filter(({ isKnown }) => !isKnown);
 */
export async function describeOnnx(source: ByteSource): Promise<OnnxDescription> {
  check('describeOnnx', 'source', source, anObject);
  const model = await decodeFile(source, modelProto);
  const { graph } = model;
  if (!graph) throw new FormatError(source.name, 0, 'has no graph, as every ONNX model has');
  const tensors: StoredTensor[] = [];
  const counts = new Map<string, number>();
  const known = new Map<string, boolean>();
  const functions = new Set(model.functions.map(({ domain, name = '' }) => keyOf(domain, name)));
  const countIn = (nodes: readonly NodeProto[], versions: ReadonlyMap<string, number>): void => {
    for (const node of nodes) {
      const { opType = '', attribute } = node;
      const [domain, key] = [plainDomain(node.domain), keyOf(node.domain, opType)];
      counts.set(key, (counts.get(key) ?? 0) + 1);
      const operator = findOperator(domain, opType, versions.get(domain) ?? 1);
      const isHere = operator ? operator.refusal === undefined : functions.has(key);
      known.set(key, isHere && known.get(key) !== false);
      for (const { t, g, graphs } of attribute) {
        if (t && opType === 'Constant') tensors.push(stored(source, { ...t, name: node.output[0] ?? '' }));
        for (const inner of g ? [g, ...graphs] : graphs) look(inner, versions);
      }
    }
  };
  const look = (each: GraphProto, versions: ReadonlyMap<string, number>): void => {
    for (const tensor of each.initializer) tensors.push(stored(source, tensor));
    for (const { values, dims } of each.sparseInitializer)
      if (values) tensors.push(stored(source, { ...values, dims }));
    countIn(each.node, versions);
  };
  const versions = versionsOf(model.opsetImport);
  look(graph, versions);
  for (const { node, opsetImport } of model.functions)
    countIn(node, new Map([...versions, ...versionsOf(opsetImport)]));
  const given = new Set([
    ...graph.initializer.map(({ name }) => name),
    ...graph.sparseInitializer.map(({ values }) => values?.name),
  ]);
  return {
    inputs: graph.input.filter(({ name }) => !given.has(name)).map(declared),
    outputs: graph.output.map(declared),
    opsets: Object.fromEntries([...versions].map(([domain, version]) => [domain || 'ai.onnx', version])),
    operators: [...counts].map(([name, count]) => ({ name, count, isKnown: known.get(name) === true })),
    tensors,
    producer: producerOf(model),
    metadata: Object.fromEntries(model.metadataProps.map(({ key = '', value = '' }) => [key, value])),
  };
}

const keyOf = (domain: string | undefined, name: string): string =>
  plainDomain(domain) === '' ? name : `${domain ?? ''}::${name}`;

const producerOf = ({ producerName = '', producerVersion = '' }: ModelProto): string =>
  `${producerName} ${producerVersion}`.trim();

function stored(
  { name: file }: ByteSource,
  { name = '', dims, dataType = 0, dataLocation, externalData }: TensorProto,
): StoredTensor {
  const elements = countOf(dims);
  if (dims.some((size) => size < 0) || !Number.isSafeInteger(elements))
    throw new FormatError(file, 0, `the tensor ${showName(name)} has the shape ${showShape(dims)}, which there is not`);
  const type = elementTypeOf(dataType);
  const { name: shown, kind } = type ? elementTypes[type] : { name: 'undefined', kind: undefined };
  const place = dataLocation === 1 ? externalData.find(({ key }) => key === 'location')?.value : undefined;
  return { name, type: shown, shape: dims, elements, isFloat: kind === 'float', ...(place && { file: place }) };
}
