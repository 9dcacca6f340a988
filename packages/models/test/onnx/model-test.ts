/** A test as ONNX has them: a model, what it is given, and what it must give. */
import { bytesOf } from '@espalier/nn/format';
import { cpu } from '@espalier/tensor';
import { decodeFile } from '../../src/onnx/protobuf/decode.ts';
import { modelProto, type TypeProto } from '../../src/onnx/protobuf/messages.ts';
import { evaluate } from '../../src/onnx/run/evaluate.ts';
import { loadGraph } from '../../src/onnx/run/load.ts';
import { elementTypes } from '../../src/onnx/values/element-types.ts';
import { readValue } from '../../src/onnx/values/test-data.ts';
import { nothing, OnnxTensor, type Value } from '../../src/onnx/values/value.ts';

/** The files of a test, as they are. */
export interface ModelTest {
  readonly name: string;
  readonly model: Uint8Array;
  readonly inputs: readonly Uint8Array[];
  readonly outputs: readonly Uint8Array[];
}

/** What ONNX allows between a result and what it must be. */
const tolerance = { relative: 1e-3, absolute: 1e-7 };

/** As ONNX's own runner has it, two roundings of a narrow type: what is between two operations is rounded, or is not. */
const roundings: Partial<Record<OnnxTensor['type'], number>> = { f16: 2 ** -9, bf16: 2 ** -6 };

/** Why a value is not what it must be; undefined where it is. */
export function difference(got: Value, wanted: Value, { relative, absolute } = tolerance): string | undefined {
  if (got.kind !== wanted.kind) return `is ${got.kind}, not ${wanted.kind}`;
  if (wanted.kind === 'nothing' || got.kind === 'nothing') return undefined;
  if (wanted.kind === 'sequence')
    return got.kind === 'sequence' ? itemsDifference(got.items, wanted.items) : 'is no sequence';
  if (got.kind === 'sequence') return 'is a sequence';
  if (got.type !== wanted.type) return `is ${got.type}, not ${wanted.type}`;
  if (got.shape.join() !== wanted.shape.join()) return `is [${got.shape.join()}], not [${wanted.shape.join()}]`;
  if (wanted.type === 'string')
    return got.texts().join('\n') === wanted.texts().join('\n')
      ? undefined
      : `is ${got.texts().join()}, not ${wanted.texts().join()}`;
  const values = got.numbers();
  const near = Math.max(relative, roundings[wanted.type] ?? 0);
  for (const [index, right] of wanted.numbers().entries()) {
    const value = values[index] ?? Number.NaN;
    if (value === right || (Number.isNaN(value) && Number.isNaN(right))) continue;
    if (!(Math.abs(value - right) <= absolute + near * Math.abs(right)))
      return `element ${index} is ${value}, not ${right}`;
  }
  return undefined;
}

function itemsDifference(got: readonly Value[], wanted: readonly Value[]): string | undefined {
  if (got.length !== wanted.length) return `has ${got.length} items, not ${wanted.length}`;
  for (const [index, item] of wanted.entries()) {
    const problem = difference(got[index] ?? nothing, item);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** The tests' files hold bfloat16 as its bits, in 16-bit integers. */
function asDeclared(value: Value, type: TypeProto): Value {
  if (value.kind !== 'tensor' || value.type !== 'u16' || type.tensorType?.elemType !== elementTypes.bf16.code)
    return value;
  return new OnnxTensor('bf16', value.shape, { bytes: new Uint8Array(Uint16Array.from(value.numbers()).buffer) });
}

/** The types that a model declares of its inputs and its outputs, and the operators of its nodes. */
export async function describeModel(bytes: Uint8Array): Promise<{ readonly operators: readonly string[] }> {
  const { graph } = await decodeFile(bytesOf(bytes, 'model'), modelProto);
  const named = graph?.node.map(({ opType = '', domain = '' }) => (domain ? `${domain}::${opType}` : opType)) ?? [];
  return { operators: [...new Set(named)] };
}

/**
 * Why a model does not give what it must; undefined where it does. `hostElements` is how many whole numbers stay on the host.
 * @throws {Error} what reading or running it does.
 */
export async function problemOf(
  { name, ...files }: ModelTest,
  hostElements: number,
  within = tolerance,
): Promise<string | undefined> {
  const source = bytesOf(files.model, name);
  const model = await decodeFile(source, modelProto);
  const graph = await loadGraph(model, { source });
  const values = async (data: readonly Uint8Array[], types: readonly TypeProto[]): Promise<Value[]> => {
    const read: Value[] = [];
    for (const [index, bytes] of data.entries()) {
      const type = types[index] ?? {};
      read.push(asDeclared(await readValue(bytesOf(bytes, `${name}/${index}`), type), type));
    }
    return read;
  };
  const typesOf = (infos: readonly { readonly type?: TypeProto }[] = []): TypeProto[] =>
    infos.map(({ type = {} }) => type);
  const inputs = await values(files.inputs, typesOf(model.graph?.input));
  const wanted = await values(files.outputs, typesOf(model.graph?.output));
  const got = evaluate(graph, inputs, { device: cpu(), hostElements });
  for (const [index, value] of wanted.entries()) {
    const problem = difference(got[index] ?? nothing, value, within);
    if (problem !== undefined) return `output ${index} ${problem}`;
  }
  return undefined;
}
