// Residual networks by a few words, with weights of torchvision's names.
import { build, ConfigError, StateError, type ModuleConfig } from '@espalier/nn';
import { zeros } from '@espalier/tensor';
import { describe, expect, test } from 'vitest';
import {
  bytesOf,
  describeMember,
  memberNamed,
  memberNames,
  openTensors,
  registerFamilies,
  registerFamily,
  stateDictModel,
  type FamilyMember,
  type TensorSource,
} from '../../src/index.ts';
import { golden } from '../helpers/golden.ts';

const open = (name: string): Promise<TensorSource> => openTensors(bytesOf(golden(`torch-models/${name}`), name));

describe('without weights', () => {
  test.each([
    ['resnet-18', 11_689_512],
    ['resnet-50', 25_557_032],
  ])('%s has as many parameters as that of torchvision', (name, count) => {
    const { config } = describeMember(memberNamed(name) as ModuleConfig) as FamilyMember;
    const sizes = build(config, { seed: 1 })
      .parameters()
      .map(({ size }) => size);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(count);
  });

  test('it is built by its description, of any sizes', () => {
    registerFamilies();
    registerFamilies();
    const model = build(
      { type: 'resnet', blocks: [1, 2], widths: [3, 5], classes: 4, channels: 1, stem: 'small' },
      { seed: 1 },
    );
    expect(model.type).toBe('sequential');
    expect(model.call(zeros([2, 1, 8, 8])).shape).toEqual([2, 4]);
    expect(model.eval().call(zeros([2, 1, 8, 8])).shape).toEqual([2, 4]);
  });

  test('names of weights are those of torchvision', () => {
    const { names } = describeMember({ type: 'resnet', depth: 50 }) as FamilyMember;
    expect(names.size).toBe(53 * 5 + 2);
    const theirs = [...names.values()];
    for (const name of ['conv1.weight', 'layer1.0.downsample.1.running_var', 'layer4.2.conv3.weight', 'fc.bias'])
      expect(theirs).toContain(name);
    expect(theirs.filter((name) => name.includes('downsample.0'))).toHaveLength(4);
  });

  test.each<[Omit<ModuleConfig, 'type'>, string]>([
    [{}, 'has neither depth nor blocks'],
    [{ depth: 19 }, 'depth: is 19; it must be one of 18, 34'],
    [{ depth: 18, wide: 2 }, 'wide: is no known field'],
    [{ blocks: [1, 1], widths: [4] }, 'must have a number for each of 2 stages'],
    [{ blocks: [0] }, 'how many blocks each stage has'],
  ])('%j is refused', (options, problem) => {
    expect(() => describeMember({ type: 'resnet', ...options })).toThrow(problem);
    expect(() => describeMember({ type: 'resnet', ...options })).toThrow(ConfigError);
  });
});

describe('with weights', () => {
  test('sizes are theirs, and what is said must agree', async () => {
    const source = await open('resnet.safetensors');
    const said = { type: 'resnet', depth: 18, stem: 'small' };
    await expect(stateDictModel(source, said)).rejects.toThrow(
      'has blocks [2,2,2,2], and the weights are of [1,1,1,1]',
    );
    await expect(stateDictModel(source, { type: 'resnet' })).rejects.toThrow('begins with a convolution [4, 3, 3, 3]');
    await expect(stateDictModel(source, { type: 'resnet', stem: 'small', classes: 9 })).rejects.toThrow(
      'and fc gives 10',
    );
    await expect(stateDictModel(source, { type: 'resnet', stem: 'small', block: 'bottleneck' })).rejects.toThrow(
      'have 2 convolutions',
    );
    await expect(stateDictModel(source, { type: 'resnet', stem: 'small', channels: 1 })).rejects.toThrow(
      'conv1 takes 3',
    );
    await source.close();
  });

  test('weights of something else are refused with the names that are missing', async () => {
    const source = await open('cnn.safetensors');
    await expect(stateDictModel(source, { type: 'resnet', depth: 18 })).rejects.toThrow(StateError);
    await expect(stateDictModel(source, { type: 'resnet', depth: 18 })).rejects.toThrow("missing are 'conv1.weight'");
    await source.close();
  });
});

test('a family of somebody else is known by its name', async () => {
  const family = {
    type: 'line',
    members: { 'line-2': { out: 2 } },
    describe: ({ out }: ModuleConfig) => ({
      config: { type: 'linear', in: 3, out },
      names: new Map([
        ['weight', 'w'],
        ['bias', 'b'],
      ]),
    }),
  };
  registerFamily(family);
  expect(memberNames()).toEqual(expect.arrayContaining(['line-2', 'resnet-18-small']));
  expect(memberNamed('line-2')).toEqual({ type: 'line', out: 2 });
  expect(memberNamed('line-3')).toBeUndefined();
  expect(() => registerFamily({ ...family })).toThrow(ConfigError);
});
