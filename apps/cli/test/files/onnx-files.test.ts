// ONNX models as arguments of commands, folders that were made of them, and what is written as ONNX.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { exportOnnx, gguf, importOnnx, readTensor, writtenTensor, type OnnxModule } from '@espalier/models';
import { fileBytes, openTensorFile, writeFileBy } from '@espalier/models/node';
import { build, type Module, type ModuleConfig } from '@espalier/nn';
import { saveModel } from '@espalier/nn/node';
import { openDevice } from '@espalier/pipeline';
import { Generator, randn, type Tensor } from '@espalier/tensor';
import { beforeAll, describe, expect, test } from 'vitest';
import { espalier } from '../helpers/cli.ts';
import { refused, run } from '../helpers/commands.ts';
import { runHere } from '../helpers/run-here.ts';
import { scratch } from '../helpers/scratch.ts';
import { writeTinyImages } from '../helpers/tiny-images.ts';

const at = scratch('file');

const layers: ModuleConfig = {
  type: 'sequential',
  layers: [
    { type: 'conv2d', in: 1, out: 4, kernel: 3, padding: 1 },
    { type: 'batch-norm', features: 4 },
    { type: 'relu' },
    { type: 'max-pool2d', size: 4 },
    { type: 'flatten' },
    { type: 'linear', in: 36, out: 10 },
  ],
};
const parameters = 40 + 8 + 370;
let x: Tensor;
let model: Module;

beforeAll(async () => {
  // Where commands compute, too.
  await openDevice('cpu');
  x = randn([3, 1, 12, 12], { generator: new Generator(1) });
  model = build(layers, { seed: 1 }).eval();
  await writeFileBy(at('model.onnx'), (sink) => exportOnnx(model, sink, { input: [1, 12, 12] }));
  writeTinyImages(at('images'), 60, 20);
});

async function open(name: string): Promise<OnnxModule> {
  const source = await fileBytes(at(name));
  return importOnnx(source).finally(() => source.close());
}

const apart = (a: Module, b: Module): number => a.call(x).sub(b.call(x)).abs().max().itemSync();
const zerosIn = (each: Module): number =>
  each.parameters().reduce((sum, { value }) => sum + value.dataSync().filter((number) => number === 0).length, 0);

describe('import', () => {
  test('of a graph makes a folder, which inspect takes', async () => {
    expect(await run('import', at('model.onnx'), '-o', at('folder'))).toMatchObject({ by: 'graph', parameters });
    expect(await run('inspect', at('folder'))).toMatchObject({ parameters });
    await refused('leave out --names', 'import', at('model.onnx'), '--names', 'order', '-o', at('other'));
  });

  test('refuses what is said of other files, and leaves nothing', async () => {
    await refused('says itself what its layers are: leave out --model, --names', 'import', at('model.onnx'), '--model', 'resnet-18', '--names', 'order', '-o', at('x')); // prettier-ignore
    await refused('says itself what its layers are', 'import', at('model.onnx'), '--key', 'a', '-o', at('x'));
    await refused('says itself what its layers are', 'prune', at('model.onnx'), '--key', 'a', '-o', at('x'));
    expect(existsSync(at('x'))).toBe(false);
  });
});

describe('a folder of an imported graph', () => {
  test('is evaluated, and quantized by data, in workers', async () => {
    await run('import', at('model.onnx'), '-o', at('worked'));
    for (const args of [
      ['eval', at('worked')],
      ['quantize', at('worked'), '-o', at('worked-int8')],
    ]) {
      const { code, stderr, stdout } = await espalier([...args, '--data', at('images'), '--device', 'cpu', '--json']);
      expect({ code, stderr }).toEqual({ code: 0, stderr: expect.any(String) as string });
      expect(JSON.parse(stdout)).toBeDefined();
    }
    expect(await run('inspect', at('worked-int8'))).toMatchObject({ parameters });
  });
});

describe('inspect', () => {
  test('says what a file takes, gives and needs', async () => {
    const shown = await run('inspect', at('model.onnx'));
    expect(shown).toMatchObject({
      format: 'onnx',
      inputs: [{ name: 'input', type: 'f32', shape: ['batch', 1, 12, 12] }],
      outputs: [{ name: 'output', type: 'f32', shape: ['batch', 10] }],
      opsets: { 'ai.onnx': 17 },
      producer: 'espalier',
      unknown: [],
    });
    expect(shown['operators']).toContainEqual({ name: 'Conv', count: 1, isKnown: true });
  });

  test('names operators that there are not, which import refuses', async () => {
    const text = readFileSync(at('model.onnx')).toString('latin1');
    writeFileSync(at('odd.onnx'), Buffer.from(text.replaceAll('Flatten', 'Flattex'), 'latin1'));
    expect(await run('inspect', at('odd.onnx'))).toMatchObject({ unknown: ['Flattex'] });
    const { stdout } = await runHere('inspect', at('odd.onnx'));
    expect(stdout).toContain('it cannot be imported: there is no Flattex here');
    await refused('has operators that there are not here: Flattex', 'import', at('odd.onnx'), '-o', at('odd'));
    expect(existsSync(at('odd'))).toBe(false);
  });
});

describe('prune and quantize', () => {
  test('of a file write a file of the same operators', async () => {
    const made = await run('prune', at('model.onnx'), '--sparsity', '0.75', '-o', at('pruned.onnx'));
    const pruned = await open('pruned.onnx');
    expect(made).toMatchObject({ after: { nonZeros: parameters - zerosIn(pruned) } });
    expect(zerosIn(pruned)).toBeGreaterThanOrEqual(0.7 * (36 + 360));
    const { operators } = await run('inspect', at('pruned.onnx'));
    expect(operators).toEqual((await run('inspect', at('model.onnx')))['operators']);
  });

  test('round weights, which a file of ONNX holds as codes', async () => {
    const made = await run('quantize', at('model.onnx'), '-o', at('small.onnx'));
    expect(made['notes']).toEqual([]);
    const { operators } = (await run('inspect', at('small.onnx'))) as { readonly operators: readonly unknown[] };
    expect(operators).toContainEqual({ name: 'DequantizeLinear', count: 2, isKnown: true });
    const small = await open('small.onnx');
    expect(small.parameters().flatMap(({ stored }) => stored?.matrix.format.name ?? [])).toEqual(['int8', 'int8']);
    expect(apart(small, model)).toBeGreaterThan(0);
    expect(apart(small, model)).toBeLessThan(0.05);
    await run('quantize', at('model.onnx'), '-o', at('codes'));
    await run('export', at('codes'), '--to', 'onnx', '-o', at('codes.onnx'));
    expect(readFileSync(at('codes.onnx'))).toEqual(readFileSync(at('small.onnx')));
    await run('import', at('small.onnx'), '-o', at('again'));
    await run('export', at('again'), '--to', 'onnx', '-o', at('again.onnx'));
    expect(readFileSync(at('again.onnx'))).toEqual(readFileSync(at('small.onnx')));
  });

  test('of tensors alone write no ONNX', async () => {
    await run('import', at('model.onnx'), '-o', at('alone'));
    await run('export', at('alone'), '--to', 'safetensors', '-o', at('tensors.safetensors'));
    await refused('ONNX says what layers compute', 'prune', at('tensors.safetensors'), '-o', at('tensors.onnx'));
    await run('prune', at('model.onnx'), '-o', at('tensors.npz'));
  });
});

describe('export', () => {
  test('to ONNX takes layers of the library, whose input the folder says or the command', async () => {
    const two = build({ type: 'sequential', layers: [{ type: 'linear', in: 3, out: 2 }] }, { seed: 1 });
    await saveModel(at('two'), two);
    await refused('give the shape of one example', 'export', at('two'), '--to', 'onnx', '-o', at('two.onnx'));
    await run('export', at('two'), '--to', 'onnx', '--input', '3', '-o', at('two.onnx'));
    expect(await run('inspect', at('two.onnx'))).toMatchObject({ parameters: 8 });
    const round = build({ type: 'pad2d', padding: 1, mode: 'circular' }, { seed: 1 });
    await saveModel(at('round'), round);
    await refused('circular padding', 'export', at('round'), '--to', 'onnx', '--input', '1,4,4', '-o', at('round.onnx')); // prettier-ignore
    expect(existsSync(at('round.onnx'))).toBe(false);
  });

  test('to GGUF writes matrices in blocks, and says before what stays as it is', async () => {
    const wide = build({
      type: 'sequential',
      layers: [
        { type: 'linear', in: 64, out: 40 },
        { type: 'linear', in: 40, out: 2 },
      ],
    }, { seed: 1 }); // prettier-ignore
    await saveModel(at('wide'), wide);
    const { notes } = await run('export', at('wide'), '--to', 'gguf', '--dtype', 'Q8_0', '-o', at('wide.gguf'));
    expect(notes).toEqual(['not Q8_0, whose blocks are of 32: 1.weight (rows of 40)']);
    const source = await openTensorFile(at('wide.gguf'));
    expect([...source.tensors].map(([name, { dtype }]) => [name, dtype])).toEqual([
      ['0.weight', 'Q8_0'],
      ['0.bias', 'F32'],
      ['1.weight', 'F32'],
      ['1.bias', 'F32'],
    ]);
    const weight = (await readTensor(source, '0.weight')).sub(wide.namedParameters().get('0.weight')?.value as Tensor);
    expect(weight.abs().max().itemSync()).toBeLessThan(0.002);
    await source.close();
    await refused('safetensors cannot carry', 'export', at('wide'), '--to', 'safetensors', '--dtype', 'Q8_0', '-o', at('q')); // prettier-ignore
  });

  test('says which notes of a file another format has no place for', async () => {
    const tensors = new Map([['w', writtenTensor(x)]]);
    await writeFileBy(at('noted.gguf'), async (sink) => gguf.write?.(sink, tensors, { 'general.name': 'rows' }));
    expect(await run('export', at('noted.gguf'), '--to', 'pytorch', '-o', at('noted.pth'))).toMatchObject({
      notes: ['what the file says besides is left out, so that load_state_dict takes what is written: general.name'],
    });
    await run('export', at('noted.gguf'), '--to', 'gguf', '--dtype', 'F16', '-o', at('half.gguf'));
    const half = await openTensorFile(at('half.gguf'));
    expect([half.metadata['general.name'], half.tensors.get('w')?.dtype]).toEqual(['rows', 'F16']);
    await half.close();
  });
});
