/** The messages of ONNX: what is read of each, and by which numbers (onnx.proto, IR version 3 to 11). */
import { messageRule, type FieldBytes, type MessageRule } from './rules.ts';

/** A key and a value. */
export interface StringEntry {
  readonly key?: string;
  readonly value?: string;
}

/** A tensor; `dataType` is a number of `elementTypes`. */
export interface TensorProto {
  readonly dims: readonly number[];
  readonly dataType?: number;
  readonly floatData: readonly number[];
  readonly int32Data: readonly number[];
  readonly stringData: readonly FieldBytes[];
  readonly int64Data: readonly bigint[];
  readonly name?: string;
  readonly rawData?: FieldBytes;
  readonly doubleData: readonly number[];
  readonly uint64Data: readonly bigint[];
  readonly externalData: readonly StringEntry[];
  /** 1 where the data lies in another file. */
  readonly dataLocation?: number;
}

/** A tensor of which only some elements are said. */
export interface SparseTensorProto {
  readonly values?: TensorProto;
  readonly indices?: TensorProto;
  readonly dims: readonly number[];
}

/** A size: a number, or a name. */
export interface DimensionProto {
  readonly value?: number;
  readonly param?: string;
}

/** The shape of a tensor. */
export interface ShapeProto {
  readonly dim: readonly DimensionProto[];
}

/** The type of a tensor: its elements and its shape, where it says one. */
export interface TensorTypeProto {
  readonly elemType?: number;
  readonly shape?: ShapeProto;
}

/** The type of a sequence or of an optional. */
export interface InnerTypeProto {
  readonly elemType?: TypeProto;
}

/** A type: one of them is there. */
export interface TypeProto {
  readonly tensorType?: TensorTypeProto;
  readonly sequenceType?: InnerTypeProto;
  readonly optionalType?: InnerTypeProto;
}

/** An input, an output, or a value within. */
export interface ValueInfoProto {
  readonly name?: string;
  readonly type?: TypeProto;
}

/** An attribute of a node; `type` says which field it has. */
export interface AttributeProto {
  readonly name?: string;
  readonly f?: number;
  readonly i?: number;
  readonly s?: FieldBytes;
  readonly t?: TensorProto;
  readonly g?: GraphProto;
  readonly floats: readonly number[];
  readonly ints: readonly number[];
  readonly strings: readonly FieldBytes[];
  readonly tensors: readonly TensorProto[];
  readonly graphs: readonly GraphProto[];
  readonly type?: number;
  readonly sparseTensor?: SparseTensorProto;
  /** In functions: the attribute of the function that it is. */
  readonly refAttrName?: string;
}

/** A node: an operator, and what goes in and out by name. */
export interface NodeProto {
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly name?: string;
  readonly opType?: string;
  readonly attribute: readonly AttributeProto[];
  readonly domain?: string;
}

/** A graph. */
export interface GraphProto {
  readonly node: readonly NodeProto[];
  readonly name?: string;
  readonly initializer: readonly TensorProto[];
  readonly input: readonly ValueInfoProto[];
  readonly output: readonly ValueInfoProto[];
  readonly valueInfo: readonly ValueInfoProto[];
  readonly sparseInitializer: readonly SparseTensorProto[];
}

/** A set of operators: a domain, and its version. */
export interface OperatorSetProto {
  readonly domain?: string;
  readonly version?: number;
}

/** A function: nodes that are an operator of the model itself. */
export interface FunctionProto {
  readonly name?: string;
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly attribute: readonly string[];
  readonly node: readonly NodeProto[];
  readonly opsetImport: readonly OperatorSetProto[];
  readonly domain?: string;
  readonly attributeProto: readonly AttributeProto[];
}

/** A model. */
export interface ModelProto {
  readonly irVersion?: number;
  readonly producerName?: string;
  readonly producerVersion?: string;
  readonly graph?: GraphProto;
  readonly opsetImport: readonly OperatorSetProto[];
  readonly metadataProps: readonly StringEntry[];
  readonly functions: readonly FunctionProto[];
}

/** A sequence of values, as test data has it. */
export interface SequenceProto {
  readonly name?: string;
  readonly elemType?: number;
  readonly tensorValues: readonly TensorProto[];
  readonly sequenceValues: readonly SequenceProto[];
  readonly optionalValues: readonly OptionalProto[];
}

/** A value that may be absent, as test data has it. */
export interface OptionalProto {
  readonly name?: string;
  readonly elemType?: number;
  readonly tensorValue?: TensorProto;
  readonly sequenceValue?: SequenceProto;
  readonly optionalValue?: OptionalProto;
}

const stringEntry: MessageRule<StringEntry> = messageRule<StringEntry>('StringStringEntryProto', {
  key: [1, 'text'],
  value: [2, 'text'],
});

/** The rule of a tensor. */
export const tensorProto: MessageRule<TensorProto> = messageRule<TensorProto>('TensorProto', {
  dims: [1, 'integer', 'many'],
  dataType: [2, 'integer'],
  floatData: [4, 'float', 'many'],
  int32Data: [5, 'integer', 'many'],
  stringData: [6, 'bytes', 'many'],
  int64Data: [7, 'exact', 'many'],
  name: [8, 'text'],
  rawData: [9, 'bytes'],
  doubleData: [10, 'double', 'many'],
  uint64Data: [11, 'exact', 'many'],
  externalData: [13, () => stringEntry, 'many'],
  dataLocation: [14, 'integer'],
});

const sparseTensorProto: MessageRule<SparseTensorProto> = messageRule<SparseTensorProto>('SparseTensorProto', {
  values: [1, () => tensorProto],
  indices: [2, () => tensorProto],
  dims: [3, 'integer', 'many'],
});

const dimensionProto: MessageRule<DimensionProto> = messageRule<DimensionProto>('TensorShapeProto.Dimension', {
  value: [1, 'integer'],
  param: [2, 'text'],
});
const shapeProto: MessageRule<ShapeProto> = messageRule<ShapeProto>('TensorShapeProto', {
  dim: [1, () => dimensionProto, 'many'],
});
const tensorTypeProto: MessageRule<TensorTypeProto> = messageRule<TensorTypeProto>('TypeProto.Tensor', {
  elemType: [1, 'integer'],
  shape: [2, () => shapeProto],
});
const innerTypeProto: MessageRule<InnerTypeProto> = messageRule<InnerTypeProto>('TypeProto.Sequence', {
  elemType: [1, () => typeProto],
});
const typeProto: MessageRule<TypeProto> = messageRule<TypeProto>('TypeProto', {
  tensorType: [1, () => tensorTypeProto],
  sequenceType: [4, () => innerTypeProto],
  optionalType: [9, () => innerTypeProto],
});

/** The rule of an input, an output, or a value within. */
export const valueInfoProto: MessageRule<ValueInfoProto> = messageRule<ValueInfoProto>('ValueInfoProto', {
  name: [1, 'text'],
  type: [2, () => typeProto],
});

/** The rule of an attribute. */
export const attributeProto: MessageRule<AttributeProto> = messageRule<AttributeProto>('AttributeProto', {
  name: [1, 'text'],
  f: [2, 'float'],
  i: [3, 'integer'],
  s: [4, 'bytes'],
  t: [5, () => tensorProto],
  g: [6, () => graphProto],
  floats: [7, 'float', 'many'],
  ints: [8, 'integer', 'many'],
  strings: [9, 'bytes', 'many'],
  tensors: [10, () => tensorProto, 'many'],
  graphs: [11, () => graphProto, 'many'],
  type: [20, 'integer'],
  refAttrName: [21, 'text'],
  sparseTensor: [22, () => sparseTensorProto],
});

/** The rule of a node. */
export const nodeProto: MessageRule<NodeProto> = messageRule<NodeProto>('NodeProto', {
  input: [1, 'text', 'many'],
  output: [2, 'text', 'many'],
  name: [3, 'text'],
  opType: [4, 'text'],
  attribute: [5, () => attributeProto, 'many'],
  domain: [7, 'text'],
});

/** The rule of a graph. */
export const graphProto: MessageRule<GraphProto> = messageRule<GraphProto>('GraphProto', {
  node: [1, () => nodeProto, 'many'],
  name: [2, 'text'],
  initializer: [5, () => tensorProto, 'many'],
  input: [11, () => valueInfoProto, 'many'],
  output: [12, () => valueInfoProto, 'many'],
  valueInfo: [13, () => valueInfoProto, 'many'],
  sparseInitializer: [15, () => sparseTensorProto, 'many'],
});

const operatorSetProto: MessageRule<OperatorSetProto> = messageRule<OperatorSetProto>('OperatorSetIdProto', {
  domain: [1, 'text'],
  version: [2, 'integer'],
});

const functionProto: MessageRule<FunctionProto> = messageRule<FunctionProto>('FunctionProto', {
  name: [1, 'text'],
  input: [4, 'text', 'many'],
  output: [5, 'text', 'many'],
  attribute: [6, 'text', 'many'],
  node: [7, () => nodeProto, 'many'],
  opsetImport: [9, () => operatorSetProto, 'many'],
  domain: [10, 'text'],
  attributeProto: [11, () => attributeProto, 'many'],
});

/** The rule of a model. */
export const modelProto: MessageRule<ModelProto> = messageRule<ModelProto>('ModelProto', {
  irVersion: [1, 'integer'],
  producerName: [2, 'text'],
  producerVersion: [3, 'text'],
  graph: [7, () => graphProto],
  opsetImport: [8, () => operatorSetProto, 'many'],
  metadataProps: [14, () => stringEntry, 'many'],
  functions: [25, () => functionProto, 'many'],
});

/** The rule of a sequence in test data. */
export const sequenceProto: MessageRule<SequenceProto> = messageRule<SequenceProto>('SequenceProto', {
  name: [1, 'text'],
  elemType: [2, 'integer'],
  tensorValues: [3, () => tensorProto, 'many'],
  sequenceValues: [5, () => sequenceProto, 'many'],
  optionalValues: [7, () => optionalProto, 'many'],
});

/** The rule of an optional in test data. */
export const optionalProto: MessageRule<OptionalProto> = messageRule<OptionalProto>('OptionalProto', {
  name: [1, 'text'],
  elemType: [2, 'integer'],
  tensorValue: [3, () => tensorProto],
  sequenceValue: [5, () => sequenceProto],
  optionalValue: [7, () => optionalProto],
});
