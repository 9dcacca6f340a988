// Models out of files of PyTorch: by a description, by the module that was saved, and as tensors alone.
import { build, StateError, type Module, type ModuleConfig } from '@espalier/nn';
import { tensor } from '@espalier/tensor';
import { describe, expect, test } from 'vitest';
import {
  bytesOf,
  importModel,
  openPyTorch,
  registerTensors,
  stateDictModel,
  type PyTorchSource,
} from '../../src/index.ts';
import { golden, pytorchFiles, type GoldenFile } from '../helpers/golden.ts';

const open = (name: string): Promise<PyTorchSource> => openPyTorch(bytesOf(golden(`pytorch/${name}`), name));

const described: ModuleConfig = {
  type: 'sequential',
  layers: [
    { type: 'conv2d', in: 2, out: 4, kernel: 3, stride: 2, padding: 1, bias: false },
    { type: 'batch-norm', features: 4 },
    { type: 'relu' },
    {
      type: 'sequential',
      layers: [
        { type: 'conv2d', in: 4, out: 4, kernel: [1, 3], padding: 'same', groups: 2 },
        { type: 'gelu' },
        { type: 'max-pool2d', size: 2 },
      ],
    },
    { type: 'global-avg-pool' },
    { type: 'flatten' },
    { type: 'dropout', p: 0.25 },
    { type: 'linear', in: 4, out: 5 },
  ],
};

/** Holds the answers of a model against PyTorch's. */
async function expectAnswers(module: Module, { answer }: GoldenFile): Promise<void> {
  const { input, shape, output } = answer as NonNullable<GoldenFile['answer']>;
  const own = await module.call(tensor(input).reshape(shape)).data();
  for (const [index, value] of output.entries()) expect(own[index]).toBeCloseTo(value, 5);
}

describe('a whole module', () => {
  test.each(['cnn.pth', 'cnn-legacy.pth'])('%s computes what it does in PyTorch', async (name) => {
    const imported = await importModel(await open(name));
    expect(imported.by).toBe('module');
    expect(imported.others).toEqual(['norm.num_batches_tracked']);
    expect(imported.names.get('3.0.weight')).toBe('deep.0.weight');
    await expectAnswers(imported.module, pytorchFiles[name] as GoldenFile);
  });

  test.each(['linear.pth', 'linear-legacy.pth'])('%s is a linear layer', async (name) => {
    const { module } = await importModel(await open(name));
    expect(module.config()).toMatchObject({ type: 'linear', in: 4, out: 3, bias: true });
  });

  test('with a layer that there is not is tensors, and says which; what is tied stays so', async () => {
    const { module, by, note, others } = await importModel(await open('odd.pth'));
    expect(by).toBe('tensors');
    expect(note).toContain('1: torch.nn.PReLU is no layer here');
    expect(others).toEqual(['2.weight']);
    expect(module.config()['ties']).toEqual({ '2.weight': '0.weight' });
    registerTensors();
    expect(build(module.config()).config()).toEqual(module.config());
    expect(() => module.call(tensor([1]))).toThrow('only the tensors of this model are known');
  });
});

describe('a state dict', () => {
  test('with a description in the order of the file computes what it does in PyTorch', async () => {
    const { module } = await stateDictModel(await open('cnn-state.pth'), described, { names: 'order' });
    await expectAnswers(module, pytorchFiles['cnn-state.pth'] as GoldenFile);
  });

  test.each(['resnet-state.pth', 'resnet-state-legacy.pth'])('%s of a residual net, too', async (name) => {
    const conv = (into: number, out: number, kernel: number, stride: number): ModuleConfig[] => [
      { type: 'conv2d', in: into, out, kernel, stride, padding: (kernel - 1) / 2, bias: false },
      { type: 'batch-norm', features: out },
    ];
    const block = (into: number, out: number, stride: number): ModuleConfig[] => {
      const body = {
        type: 'sequential',
        layers: [...conv(into, out, 3, stride), { type: 'relu' }, ...conv(out, out, 3, 1)],
      };
      const shortcut = { type: 'sequential', layers: conv(into, out, 1, stride) };
      return [{ type: 'residual', body, ...(stride > 1 && { shortcut }) }, { type: 'relu' }];
    };
    const resnet: ModuleConfig = {
      type: 'sequential',
      layers: [
        ...conv(3, 2, 7, 2),
        { type: 'relu' },
        { type: 'max-pool2d', size: 3, stride: 2, padding: 1 },
        ...block(2, 2, 1),
        ...block(2, 2, 1),
        ...block(2, 4, 2),
        ...block(4, 4, 1),
        { type: 'global-avg-pool' },
        { type: 'linear', in: 4, out: 4 },
      ],
    };
    const { module, names } = await stateDictModel(await open(name), resnet, { names: 'order' });
    expect(names.get('8.shortcut.1.running_var')).toBe('layer2.0.downsample.1.running_var');
    await expectAnswers(module, pytorchFiles[name] as GoldenFile);
  });

  test('with names of its own computes it, too', async () => {
    const names = new Map([
      ['0.weight', 'conv.weight'],
      ...['weight', 'bias', 'running_mean', 'running_var'].map((own) => [`1.${own}`, `norm.${own}`] as const),
      ['3.0.weight', 'deep.0.weight'],
      ['3.0.bias', 'deep.0.bias'],
      ['7.weight', 'head.weight'],
      ['7.bias', 'head.bias'],
    ]);
    const { module } = await stateDictModel(await open('cnn-state.pth'), described, { names });
    await expectAnswers(module, pytorchFiles['cnn-state.pth'] as GoldenFile);
  });

  test('of another architecture is refused with all that differs', async () => {
    const linear = await open('state.pth');
    const refused: unknown = await stateDictModel(linear, { type: 'linear', in: 5, out: 3, bias: false }).catch(
      (thrown: unknown) => thrown,
    );
    expect(refused).toBeInstanceOf(StateError);
    expect((refused as Error).message).toContain("unexpected are 'bias'; 'weight' is [3, 4] and must be [3, 5]");
    const layers = { type: 'sequential', layers: [{ type: 'linear', in: 4, out: 3 }] };
    await expect(stateDictModel(linear, layers)).rejects.toThrow(
      "missing are '0.weight', '0.bias'; unexpected are 'weight', 'bias'",
    );
    const two = {
      type: 'sequential',
      layers: [
        { type: 'linear', in: 4, out: 3 },
        { type: 'linear', in: 3, out: 3 },
      ],
    };
    await expect(stateDictModel(linear, two, { names: 'order' })).rejects.toThrow(
      "tensor 2 of the file is not there, and that of the description '1.weight'",
    );
  });

  test('without a description is tensors by name, of every float dtype', async () => {
    const { module, names, others } = await importModel(await open('dtypes.pth'));
    expect([...names.keys()]).toEqual('F64 F32 F16 BF16 F8_E4M3 F8_E5M2 F8_E4M3FNUZ F8_E5M2FNUZ'.split(' '));
    expect(others).toEqual('I64 I32 I16 I8 U64 U32 U16 U8 BOOL C64 C128 F8_E8M0'.split(' '));
    for (const { tensor: value } of module.parameters()) expect(value.dtype).toBe('f32');
    const want = await open('dtypes.pth');
    const half = new Float32Array((await want.read('F32')).buffer);
    expect(await module.namedParameters().get('F32')?.value.data()).toEqual(half);
  });
});
