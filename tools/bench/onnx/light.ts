/** ONNX's nine light nets: classic networks whose weights are constants, on an input that counts from 0 to 1. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bytesOf } from '@espalier/nn/format';
import { decodeFile } from '../../../packages/models/src/onnx/protobuf/decode.ts';
import { modelProto } from '../../../packages/models/src/onnx/protobuf/messages.ts';
import { evaluate } from '../../../packages/models/src/onnx/run/evaluate.ts';
import { loadGraph } from '../../../packages/models/src/onnx/run/load.ts';
import { readValue } from '../../../packages/models/src/onnx/values/test-data.ts';
import { nothing, OnnxTensor } from '../../../packages/models/src/onnx/values/value.ts';
import { arange, cpu } from '../../../packages/tensor/src/index.ts';
import { difference } from '../../../packages/models/test/onnx/model-test.ts';
import type { Verdict } from './conformance.ts';

/** Runs the net of a file name without its ending. */
async function runLight(folder: string, name: string): Promise<Verdict> {
  const source = bytesOf(new Uint8Array(readFileSync(join(folder, `${name}.onnx`))), name);
  try {
    const model = await decodeFile(source, modelProto);
    const operators = [...new Set(model.graph?.node.map(({ opType = '' }) => opType))];
    const graph = await loadGraph(model, { source });
    const inputs = graph.inputs.map(({ shape = [] }) => {
      const sizes = shape.map((size) => (typeof size === 'number' && size > 0 ? size : 1));
      const count = sizes.reduce((product, size) => product * size, 1);
      return OnnxTensor.of('f32', arange(0, count).div(count).reshape(sizes));
    });
    const outputs = evaluate(graph, inputs, { device: cpu(), hostElements: 1024 });
    const wanted = bytesOf(new Uint8Array(readFileSync(join(folder, `${name}_output_0.pb`))), name);
    const problem = difference(outputs[0] ?? nothing, await readValue(wanted, {}), { relative: 1e-3, absolute: 1e-7 });
    return { name, operators, outcome: problem ? 'wrong' : 'passed', reason: problem ?? '' };
  } catch (error) {
    return { name, operators: [], outcome: 'crashed', reason: (error as Error).message };
  }
}

/** Runs all of them. */
export async function lightNets(folder: string): Promise<Verdict[]> {
  const names = readdirSync(folder).flatMap((file) => (file.endsWith('.onnx') ? [file.slice(0, -5)] : []));
  const verdicts: Verdict[] = [];
  for (const name of names.toSorted()) verdicts.push(await runLight(folder, name));
  return verdicts;
}
