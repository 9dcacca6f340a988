// Models of hidden states are compressed as those of logits are, on texts of whatever lengths.
import {
  compressModel,
  planCompression,
  writeCompressedFolder,
  type CalibrationIds,
  type CompressionMethod,
} from '@espalier/language';
import { openLanguageModel, openModelInParts, readTensor, type ModelFolder } from '@espalier/models';
import { openModelFolder } from '@espalier/models/node';
import type { Module } from '@espalier/nn';
import { noGrad, tensor } from '@espalier/tensor';
import { expect, test } from 'vitest';
import { familyFolder, openFamily } from '../helpers/families.ts';
import { memoryFiles } from '../helpers/tiny-files.ts';

/** Of three lengths, in turn. */
const ids = Array.from({ length: 9 }, (_, row) =>
  Array.from({ length: 5 + (row % 3) * 4 }, (__, at) => (row * 11 + at * at * 3) % 13),
);
const others = ids.map((sequence) => sequence.map((id) => (id * 5 + 1) % 13));

async function compressed(method: CompressionMethod, given: CalibrationIds = ids): Promise<ModelFolder> {
  const from = await openModelFolder(familyFolder('bert'));
  const model = await openModelInParts(from);
  const plan = planCompression(model, { to: 'safetensors', type: 'F32', method });
  const made = await compressModel(model, plan, { parts: memoryFiles(), ids: given });
  const folder = memoryFiles();
  await writeCompressedFolder(folder.write, made);
  await made.close();
  await from.close();
  return folder.open();
}

const statesOf = async (module: Module, sequence: readonly number[]): Promise<Float32Array> =>
  (await noGrad(() => module.call(tensor([...sequence], { dtype: 'i32' }))).data()) as Float32Array;

/** The mean squared distance of hidden states from those of the model as it was, on texts that were not looked at. */
async function distance(from: ModelFolder): Promise<number> {
  const [base, small] = [await openFamily('bert'), await openLanguageModel(from)];
  let [sum, count] = [0, 0];
  for (const sequence of others) {
    const [a, b] = [await statesOf(base.module, sequence), await statesOf(small.module, sequence)];
    for (const [at, value] of a.entries()) sum += (value - (b[at] as number)) ** 2;
    count += a.length;
  }
  return sum / count;
}

test.each<[CompressionMethod, CompressionMethod]>([
  [
    { type: 'gptq', bits: 3, group: 'row' },
    { type: 'rtn', bits: 3, group: 'row' },
  ],
  [
    { type: 'gptq', bits: 3, group: 'row', zeros: true },
    { type: 'rtn', bits: 3, group: 'row', zeros: true },
  ],
  [{ type: 'sparse-gpt' }, { type: 'magnitude' }],
])('%o loses less than %o', async (calibrated, plain) => {
  expect(await distance(await compressed(calibrated))).toBeLessThan(0.9 * (await distance(await compressed(plain))));
});

test('texts count by their tokens, whatever pieces they are in', async () => {
  const name = 'encoder.layer.1.intermediate.dense.weight';
  const of = async (given: CalibrationIds): Promise<number[]> => {
    const { tensors } = await compressed({ type: 'wanda' }, given);
    return Array.from((await (await readTensor(tensors, name)).data()) as Float32Array);
  };
  expect(await of(ids.toReversed())).toEqual(await of(ids));
});

test('a text without tokens is refused', async () => {
  await expect(compressed({ type: 'sparse-gpt' }, [[1, 2], []])).rejects.toThrow('is empty');
});
