/** One test of ONNX's own: a model, what it is given, and what it must give. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bytesOf } from '../../../packages/models/src/bytes/byte-source.ts';
import { fileBytes } from '../../../packages/models/src/node/file-bytes.ts';
import { OnnxError } from '../../../packages/models/src/onnx/errors.ts';
import { decodeFile } from '../../../packages/models/src/onnx/protobuf/decode.ts';
import { modelProto, type TypeProto } from '../../../packages/models/src/onnx/protobuf/messages.ts';
import { evaluate } from '../../../packages/models/src/onnx/run/evaluate.ts';
import { loadGraph } from '../../../packages/models/src/onnx/run/load.ts';
import { readValue } from '../../../packages/models/src/onnx/values/test-data.ts';
import { OnnxTensor, type Value } from '../../../packages/models/src/onnx/values/value.ts';
import { elementTypes } from '../../../packages/models/src/onnx/values/element-types.ts';
import { cpu } from '../../../packages/tensor/src/index.ts';

/** What came of a test. */
export interface Verdict {
  readonly name: string;
  /** Operators of its nodes. */
  readonly operators: readonly string[];
  readonly outcome: 'passed' | 'refused' | 'disputed' | 'wrong' | 'crashed';
  readonly reason: string;
}

/** Tests whose data is wrong: ONNX Runtime gives what is given here, and the specification agrees. */
const disputed: readonly { readonly names: RegExp; readonly reason: string }[] = [
  { names: /^test_(cast|castlike)_FLOAT_to_BFLOAT16/, reason: 'the data is cut off, not rounded to the nearest' },
  { names: /^test_qlinearmatmul_[23]D_int8_/, reason: 'the data wraps around where results saturate' },
  {
    names: /^test_averagepool_3d_dilations_large_count_include_pad_is_1_ceil_mode_is_True$/,
    reason: 'the data counts what lies beyond the pads',
  },
];

/** What ONNX allows between a result and what it must be. */
const tolerance = { relative: 1e-3, absolute: 1e-7 };

/** Why a value is not what it must be; undefined where it is. */
export function difference(got: Value, wanted: Value, { relative, absolute } = tolerance): string | undefined {
  if (got.kind !== wanted.kind) return `is ${got.kind}, not ${wanted.kind}`;
  if (wanted.kind === 'nothing' || got.kind === 'nothing') return undefined;
  if (wanted.kind === 'sequence' || got.kind === 'sequence') {
    const [a, b] = [got, wanted] as { items: Value[] }[] as [{ items: Value[] }, { items: Value[] }];
    if (a.items.length !== b.items.length) return `has ${a.items.length} items, not ${b.items.length}`;
    return a.items.map((item, i) => difference(item, b.items[i])).find((each) => each !== undefined);
  }
  if (got.type !== wanted.type) return `is ${got.type}, not ${wanted.type}`;
  if (got.shape.join() !== wanted.shape.join()) return `is [${got.shape.join()}], not [${wanted.shape.join()}]`;
  if (wanted.type === 'string')
    return got.texts().every((text, i) => text === wanted.texts()[i])
      ? undefined
      : `is ${got.texts().join()}, not ${wanted.texts().join()}`;
  const [a, b] = [got.numbers(), wanted.numbers()];
  for (let i = 0; i < b.length; i++) {
    const [x, y] = [a[i], b[i]];
    if (Object.is(x, y) || x === y || (Number.isNaN(x) && Number.isNaN(y))) continue;
    if (!(Math.abs(x - y) <= absolute + relative * Math.abs(y))) return `element ${i} is ${x}, not ${y}`;
  }
  return undefined;
}

/** The tests' files hold bfloat16 as its bits, in 16-bit integers. */
function asDeclared(value: Value, type: TypeProto): Value {
  if (value.kind !== 'tensor' || value.type !== 'u16' || type.tensorType?.elemType !== elementTypes.bf16.code)
    return value;
  return new OnnxTensor('bf16', value.shape, { bytes: new Uint8Array(Uint16Array.from(value.numbers()).buffer) });
}

/** Runs the test in a folder: model.onnx, and one or more sets of data. */
export async function runTest(folder: string, name: string, hostElements: number): Promise<Verdict> {
  const source = await fileBytes(join(folder, 'model.onnx'));
  let operators: string[] = [];
  const verdict = (outcome: Verdict['outcome'], reason = ''): Verdict => ({ name, operators, outcome, reason });
  try {
    const model = await decodeFile(source, modelProto);
    operators = [
      ...new Set(model.graph?.node.map(({ opType = '', domain = '' }) => (domain ? `${domain}::${opType}` : opType))),
    ];
    const graph = await loadGraph(model, { source });
    for (const set of readdirSync(folder).filter((each) => each.startsWith('test_data_set_'))) {
      const read = (file: string, type: TypeProto): Promise<Value> =>
        readValue(bytesOf(new Uint8Array(readFileSync(join(folder, set, file))), `${name}/${file}`), type);
      const inputs: Value[] = [];
      for (const [i, { type = {} }] of (model.graph?.input ?? []).entries())
        inputs.push(asDeclared(await read(`input_${i}.pb`, type), type));
      const outputs = evaluate(graph, inputs, { device: cpu(), hostElements });
      for (const [i, { type = {} }] of (model.graph?.output ?? []).entries()) {
        const problem = difference(outputs[i], asDeclared(await read(`output_${i}.pb`, type), type));
        if (!problem) continue;
        const dispute = disputed.find(({ names }) => names.test(name));
        return dispute ? verdict('disputed', dispute.reason) : verdict('wrong', `output ${i} ${problem}`);
      }
    }
    return verdict('passed');
  } catch (error) {
    const { message, stack } = error as Error;
    return error instanceof OnnxError && error.cause === undefined
      ? verdict('refused', message)
      : verdict('crashed', `${message}\n${stack?.split('\n').slice(1, 6).join('\n')}`);
  } finally {
    await source.close();
  }
}
