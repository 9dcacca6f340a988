/** One test of ONNX's own, in a folder, and what came of it. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { OnnxError } from '../../../packages/models/src/onnx/errors.ts';
import { describeModel, problemOf } from '../../../packages/models/test/onnx/model-test.ts';

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
  { names: /^test_qlinearmatmul_[23]D_int8_/, reason: 'the data wraps around where results saturate' },
  {
    names: /^test_averagepool_3d_dilations_large_count_include_pad_is_1_ceil_mode_is_True$/,
    reason: 'the data counts what lies beyond the pads',
  },
  {
    names: /^test_(cast|castlike)_FLOAT(16)?_to_(U?INT[24]|FLOAT4E2M1)/,
    reason: 'what lies beyond the range of a type is not defined: data of 1.17 saturates, and newer data wraps around',
  },
  { names: /^test_dft_inverse/, reason: 'the data has 2e-7 where the exact result is 0' },
];

/** The files of a folder whose names begin with a word, in the order of their numbers. */
function filesOf(folder: string, word: string): Uint8Array[] {
  const number = (name: string): number => Number(/\d+/.exec(name)?.[0]);
  const names = readdirSync(folder).filter((each) => each.startsWith(word));
  return names
    .toSorted((a, b) => number(a) - number(b))
    .map((each) => new Uint8Array(readFileSync(join(folder, each))));
}

/** Runs the test in a folder: model.onnx, and a set of data. */
export async function runTest(folder: string, name: string, hostElements: number): Promise<Verdict> {
  const model = new Uint8Array(readFileSync(join(folder, 'model.onnx')));
  const { operators } = await describeModel(model);
  const verdict = (outcome: Verdict['outcome'], reason = ''): Verdict => ({ name, operators, outcome, reason });
  try {
    const data = join(folder, 'test_data_set_0');
    const test = { name, model, inputs: filesOf(data, 'input_'), outputs: filesOf(data, 'output_') };
    const problem = await problemOf(test, hostElements);
    if (problem === undefined) return verdict('passed');
    const dispute = disputed.find(({ names }) => names.test(name));
    return dispute ? verdict('disputed', dispute.reason) : verdict('wrong', problem);
  } catch (error) {
    const { message, stack } = error as Error;
    return error instanceof OnnxError && error.cause === undefined
      ? verdict('refused', message)
      : verdict('crashed', `${message}\n${stack?.split('\n').slice(1, 6).join('\n')}`);
  }
}
