// Models in files of other programs as arguments of commands, and as what they write.
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { fromTyped } from '@espalier/tensor';
import {
  memorySink,
  openPyTorch,
  openTensors,
  writeStateDict,
  writtenTensor,
  type PyTorchSource,
  type TensorSource,
} from '@espalier/models';
import { fileBytes } from '@espalier/models/node';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { refused, run } from '../helpers/commands.ts';
import { runHere } from '../helpers/run-here.ts';
import { scratch } from '../helpers/scratch.ts';

const at = scratch('test');
const golden = fileURLToPath(new URL('../../../../packages/models/test/golden/pytorch/', import.meta.url));

/** 200 weights none of which is 0, and a bias. */
let state: Uint8Array;

beforeAll(async () => {
  const weight = Float32Array.from({ length: 200 }, (_, index) => Math.sin(index + 1) + 2);
  const sink = memorySink();
  const tensors = {
    'layer.weight': fromTyped(weight, [10, 20]),
    'layer.bias': fromTyped(new Float32Array(10).fill(1), [10]),
  };
  await writeStateDict(sink, new Map(Object.entries(tensors).map(([name, value]) => [name, writtenTensor(value)])));
  state = sink.bytes();
});

beforeEach(() => {
  writeFileSync(at('state.pth'), state);
  for (const name of ['linear.pth', 'linear-legacy.pth', 'cnn.pth', 'odd.pth', 'two-states.pth'])
    copyFileSync(golden + name, at(name));
});

const open = async (name: string): Promise<TensorSource> => openTensors(await fileBytes(at(name)));
const openModule = async (name: string): Promise<PyTorchSource> => openPyTorch(await fileBytes(at(name)));

async function words(source: TensorSource, name: string): Promise<Uint32Array> {
  return new Uint32Array((await source.read(name)).buffer);
}

describe('prune', () => {
  test.each(['linear.pth', 'linear-legacy.pth'])(
    'of the module in %s leaves a module, half of whose weights are 0',
    async (name) => {
      const result = await run('prune', at(name), '--method', 'random', '--sparsity', '0.5', '-o', at('pruned.pth'));
      expect(result).toMatchObject({
        before: { parameters: 15, nonZeros: 15 },
        after: { parameters: 15, nonZeros: 9 },
      });
      const [before, after] = [await openModule(name), await openModule('pruned.pth')];
      expect(after.state.module?.of.name).toBe('torch.nn.modules.linear.Linear');
      const [old, now] = [await words(before, 'weight'), await words(after, 'weight')];
      expect(now.filter((bits) => bits === 0)).toHaveLength(6);
      expect([...now].every((bits, index) => bits === 0 || bits === old[index])).toBe(true);
      expect(await words(after, 'bias')).toEqual(await words(before, 'bias'));
      for (const source of [before, after]) await source.close();
    },
  );

  test.each(['small.pth', 'small.safetensors', 'small.npz'])('of a state dict writes %s', async (name) => {
    await run('prune', at('state.pth'), '--sparsity', '0.75', '-o', at(name));
    const source = await open(name);
    expect(source.tensors.get('layer.weight')).toMatchObject({ dtype: 'F32', shape: [10, 20] });
    expect((await words(source, 'layer.weight')).filter((bits) => bits === 0)).toHaveLength(150);
    await source.close();
  });

  test('of a state dict writes a folder, which inspect and export take', async () => {
    await run('prune', at('state.pth'), '--sparsity', '0.75', '-o', at('folder'));
    const { tensors } = await run('inspect', at('folder'));
    expect(tensors).toMatchObject([
      { tensor: 'layer.weight', nonZeros: 50 },
      { tensor: 'layer.bias', nonZeros: 10 },
    ]);
    await run('export', at('folder'), '--to', 'pytorch', '-o', at('back.pth'));
    const source = await open('back.pth');
    expect([...source.tensors.keys()]).toEqual(['layer.weight', 'layer.bias']);
    await source.close();
  });

  test('writes over none of the files that a model is read from', async () => {
    await run('export', at('linear.pth'), '--to', 'safetensors', '-o', at('part.safetensors'));
    const part = readFileSync(at('part.safetensors'));
    const [name] = (await open('linear.pth')).tensors.keys();
    const names = [...(await open('part.safetensors')).tensors.keys()];
    expect(names).toContain(name);
    const map = Object.fromEntries(names.map((each) => [each, 'part.safetensors']));
    writeFileSync(at('model.safetensors.index.json'), JSON.stringify({ weight_map: map }));
    const prune = [
      'prune',
      at('model.safetensors.index.json'),
      '--method',
      'random',
      '--sparsity',
      '0.5',
      '--overwrite',
    ];
    await refused('this belongs to what is read from', ...prune, '-o', at('part.safetensors'));
    expect(readFileSync(at('part.safetensors'))).toEqual(part);
    await run(...prune, '-o', at('pruned.safetensors'));
    // Nor of anything in a folder that is read.
    await run('import', at('linear.pth'), '-o', at('model'));
    writeFileSync(at('model/notes.npz'), 'notes');
    await refused('this belongs to what is read from', 'export', at('model'), '--to', 'npz', '-o', at('model/notes.npz'), '--overwrite'); // prettier-ignore
    await run('export', at('model'), '--to', 'npz', '-o', at('model/other.npz'));
  });

  test('refuses what a file cannot have, and writes over nothing', async () => {
    const prune = (...rest: readonly string[]): readonly string[] => ['prune', at('linear.pth'), ...rest];
    await refused('say what they are by --model', 'prune', at('state.pth'), '--epochs', '2', '-o', at('x.pth'));
    await refused('there is no such file', 'prune', at('none.pth'), '-o', at('x.pth'));
    await refused('this needs data for gradients', ...prune('--method', 'snip', '-o', at('x.pth')));
    await refused('this belongs to what is read from', ...prune('-o', at('linear.pth'), '--overwrite'));
    await refused('replace it by --overwrite', ...prune('-o', at('state.pth')));
    await refused('is a name of safetensors', 'export', at('linear.pth'), '--to', 'npz', '-o', at('x.safetensors'));
    expect(readFileSync(at('state.pth'))).toEqual(Buffer.from(state));
    await refused(
      "name one by key (--key): 'model' (2 tensors), 'ema' (1 tensors)",
      'prune',
      at('two-states.pth'),
      '-o',
      at('x.pth'),
    );
    await run('prune', at('two-states.pth'), '--key', 'model', '--sparsity', '0.5', '-o', at('x.pth'));
  });

  test('executes nothing of a file, and says what it asks for', async () => {
    copyFileSync(`${golden}malicious/os-system.pth`, at('bad.pth'));
    await refused('asks for posix.system', 'prune', at('bad.pth'), '-o', at('x.pth'));
    expect(existsSync(at('x.pth'))).toBe(false);
  });
});

describe('quantize', () => {
  test('writes rounded values as numbers into a file, and codes into a folder', async () => {
    const { notes } = await run('quantize', at('linear.pth'), '--weights', 'int4', '-o', at('small.pth'));
    expect(notes).toEqual([
      `${at('small.pth')} holds the rounded values as numbers: a folder (-o runs/model) holds codes`,
    ]);
    const source = await openModule('small.pth');
    const values = new Float32Array((await source.read('weight')).buffer);
    expect(new Set(values.subarray(0, 4)).size).toBeLessThanOrEqual(16);
    await source.close();
    await run('quantize', at('state.pth'), '-o', at('folder'));
    expect(await run('inspect', at('folder'))).toMatchObject({ tensors: [{ stored: 'int8' }, { stored: 'f32' }] });
  });
});

describe('inspect', () => {
  test('shows the tensors of a file, and the layers of a module', async () => {
    expect(await run('inspect', at('cnn.pth'))).toMatchObject({ format: 'pytorch', model: { type: 'sequential' } });
    const odd = await run('inspect', at('odd.pth'));
    expect(odd['model']).toBeUndefined();
    expect(odd['tensors']).toMatchObject([{}, {}, {}, { tensor: '2.weight', tied: '0.weight', dtype: 'F32' }, {}]);
    const { stdout } = await runHere('inspect', at('odd.pth'));
    expect(stdout).toContain('torch.nn.PReLU is no layer here');
  });
});

describe('import and export', () => {
  test('make a folder of a module, and a state dict with its own names of that', async () => {
    await run('import', at('cnn.pth'), '--input', '2,12,12', '-o', at('folder'));
    expect(await run('inspect', at('folder'))).toMatchObject({ parameters: 133, macs: 3476 });
    await run('export', at('folder'), '--to', 'safetensors', '-o', at('cnn.safetensors'));
    const [before, after] = [await open('cnn.pth'), await open('cnn.safetensors')];
    for (const name of ['conv.weight', 'norm.running_var', 'deep.0.bias', 'head.weight'])
      expect(await after.read(name)).toEqual(await before.read(name));
    for (const source of [before, after]) await source.close();
  });

  test('take a description for a state dict, and say what does not fit it', async () => {
    writeFileSync(
      at('layers.json'),
      JSON.stringify({ type: 'sequential', layers: [{ type: 'linear', in: 20, out: 10 }] }),
    );
    const described = ['import', at('state.pth'), '--model', at('layers.json'), '-o', at('folder')];
    await refused("missing are '0.weight', '0.bias'; unexpected are 'layer.weight', 'layer.bias'", ...described);
    writeFileSync(at('names.json'), JSON.stringify({ '0.weight': 'layer.weight', '0.bias': 'layer.bias' }));
    expect(await run(...described, '--names', at('names.json'))).toMatchObject({ parameters: 210 });
    expect(await run(...described, '--overwrite', '--names', 'order')).toMatchObject({
      by: 'description',
      parameters: 210,
    });
  });

  test('carry the tensors of a file to another format, with a word on what is lost', async () => {
    const { notes } = await run('export', at('odd.pth'), '--to', 'npz', '-o', at('odd.npz'));
    expect(notes).toEqual(['1 tied tensors are written again: npz has no ties']);
    const source = await open('odd.npz');
    expect([...source.tensors.keys()]).toEqual(['0.weight', '0.bias', '1.weight', '2.weight', '2.bias']);
    await source.close();
  });
});

describe('a model of a family', () => {
  const torch = fileURLToPath(new URL('../../../../packages/models/test/golden/torch-models/', import.meta.url));

  test('is imported by its name or a few words, and exported under its own names', async () => {
    writeFileSync(at('resnet.json'), JSON.stringify({ type: 'resnet', stem: 'small' }));
    for (const file of ['resnet.pth', 'resnet-legacy.pth', 'resnet.safetensors']) {
      const folder = at(`of-${file}`);
      await run('import', torch + file, '--model', at('resnet.json'), '--input', '3,12,12', '-o', folder);
      expect(await run('inspect', folder)).toMatchObject({ parameters: 2542 });
      const back = at(`back-${file}.pth`);
      await run('export', folder, '--to', 'pytorch', '-o', back);
      const [before, after] = [
        await openTensors(await fileBytes(torch + file)),
        await openTensors(await fileBytes(back)),
      ];
      const isCounter = (name: string): boolean => name.endsWith('num_batches_tracked');
      expect([...after.tensors.keys()].toSorted()).toEqual([...before.tensors.keys()].filter((name) => !isCounter(name)).toSorted()); // prettier-ignore
      for (const name of after.tensors.keys()) expect(await words(after, name)).toEqual(await words(before, name));
      for (const source of [before, after]) await source.close();
    }
    await refused('has blocks [2,2,2,2]', 'import', `${torch}resnet.pth`, '--model', 'resnet-18-small', '-o', at('x'));
    await refused('known are resnet-18, ', 'import', `${torch}resnet.pth`, '--model', 'resnet-19', '-o', at('x'));
  });
});
