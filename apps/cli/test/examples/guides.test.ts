// The guides of `examples/`: their commands are run, and what they write is judged as PyTorch and ONNX Runtime judged it.
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { importOnnx, openTensors, stateDictModel } from '@espalier/models';
import { fileBytes } from '@espalier/models/node';
import type { Module } from '@espalier/nn';
import { fromTyped } from '@espalier/tensor';
import { describe, expect, test } from 'vitest';
import { espalier } from '../helpers/cli.ts';
import { runHere } from '../helpers/run-here.ts';
import { scratch } from '../helpers/scratch.ts';

const at = scratch('file');
const golden = fileURLToPath(new URL('../../../../packages/models/test/golden/', import.meta.url));

interface Answer {
  readonly shape: readonly number[];
  readonly input: string;
}

const readJson = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));
const answers = readJson(`${golden}torch-models.json`) as Readonly<Record<string, Answer>>;
const judged = readJson(`${golden}torch-judged.json`) as Readonly<Record<string, string>>;
const floatsOf = (base64: string): Float32Array<ArrayBuffer> =>
  new Float32Array(Uint8Array.from(Buffer.from(base64, 'base64')).buffer);

/** Follows a guide: writes the files that it shows, and runs its commands, those with data in the built program. */
async function follow(guide: string): Promise<string[]> {
  const text = readFileSync(new URL(`../../examples/${guide}`, import.meta.url), 'utf8');
  for (const [, name = '', body = ''] of text.matchAll(/```json (\S+)\n(.*?)```/gsu)) writeFileSync(at(name), body);
  const lines = [...text.matchAll(/```sh\n(.*?)```/gsu)].flatMap(([, body = '']) => body.trim().split('\n'));
  for (const line of lines) {
    const [npx, program, ...words] = line.split(' ');
    expect([npx, program]).toEqual(['npx', 'espalier']);
    const args = words.map((word, index) => (/[.](?:pth|onnx|npz|json|safetensors)$/u.test(word) || words[index - 1] === '-o' ? at(word) : word)); // prettier-ignore
    const { code, stderr } = await (words.includes('--data')
      ? espalier([...args, '--device', 'cpu'])
      : runHere(...args));
    expect({ line, code, stderr: code === 0 ? '' : stderr }).toEqual({ line, code: 0, stderr: '' });
  }
  return lines;
}

/** How far the logits of a model are from those that others found. */
function apart(file: string, of: string, module: Module): number {
  const { shape, input } = answers[of] as Answer;
  const theirs = fromTyped(floatsOf(judged[file] as string), [2, 10]);
  return module
    .call(fromTyped(floatsOf(input), shape))
    .sub(theirs)
    .abs()
    .max()
    .itemSync();
}

async function graph(file: string): Promise<Module> {
  const source = await fileBytes(at(file));
  return importOnnx(source).finally(() => source.close());
}

describe('a PyTorch model, pruned and sent back', () => {
  test('gives the logits that PyTorch finds', async () => {
    copyFileSync(`${golden}torch-models/resnet.pth`, at('resnet.pth'));
    expect(await follow('pytorch.md')).toHaveLength(6);
    for (const file of ['sparse.pth', 'half.pth', 'half.safetensors']) {
      const source = await openTensors(await fileBytes(at(file)));
      const { module } = await stateDictModel(source, { type: 'resnet', stem: 'small' });
      expect(apart(file, 'resnet', module)).toBeLessThan(1e-5);
      await source.close();
    }
    expect(apart('half.onnx', 'resnet', await graph('half.onnx'))).toBeLessThan(1e-5);
  });
});

describe('an ONNX model, quantized', () => {
  test('gives the logits that ONNX Runtime finds', async () => {
    copyFileSync(`${golden}torch-models/cnn-now.onnx`, at('cnn.onnx'));
    copyFileSync(`${golden}torch-models/calibration.npz`, at('calibration.npz'));
    expect(await follow('onnx.md')).toHaveLength(6);
    for (const file of ['int8.onnx', 'int4.onnx', 'static.onnx'])
      expect(apart(file, 'cnn', await graph(file))).toBeLessThan(1e-4);
    expect(apart('int4.onnx', 'cnn', await graph('int8.onnx'))).toBeGreaterThan(1e-4);
  });
});
