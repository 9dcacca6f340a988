/** Which widths a model has, what goes with each, and why others are needed whole. */
import { build, type ModuleConfig } from '@espalier/nn';
import type { TensorType } from '@espalier/tensor';
import { describe, expect, test } from 'vitest';
import { modelWidths, type ModelWidths } from '../../src/index.ts';
import '../helpers/outside-modules.ts';

const sequential = (...layers: readonly ModuleConfig[]): ModuleConfig => ({ type: 'sequential', layers });
const linear = (from: number, out: number): ModuleConfig => ({ type: 'linear', in: from, out });
const conv = (from: number, out: number, more: object = {}): ModuleConfig => ({
  type: 'conv2d',
  in: from,
  out,
  kernel: 3,
  padding: 1,
  ...more,
});

function widthsOf(config: ModuleConfig, batch: TensorType): ModelWidths {
  return modelWidths(build(config, { seed: 1 }), batch);
}

/** Widths in short: `0.weight[0] neuron 8: 0.weight[0], 0.bias[0], 2.weight[1]`. */
const inShort = ({ widths }: ModelWidths): string[] =>
  widths.map(
    ({ name, kind, size, members }) =>
      `${name} ${kind} ${size}: ${members.map((each) => `${each.name}[${each.axis}]`).join(', ')}`,
  );

/** Why an axis is needed whole. */
const reason = ({ whole }: ModelWidths, name: string, axis: number): string | undefined =>
  whole.find((each) => each.name === name && each.axis === axis)?.reason;

describe('widths', () => {
  test('are those between layers; what the model takes and gives stays', () => {
    const found = widthsOf(sequential(linear(4, 8), { type: 'relu' }, linear(8, 3)), { shape: [2, 4] });
    expect(inShort(found)).toEqual(['0.weight[0] neuron 8: 0.weight[0], 0.bias[0], 2.weight[1]']);
    expect(reason(found, '0.weight', 1)).toBe('it is an axis of what the model is given');
    expect(reason(found, '2.bias', 0)).toBe('it is an axis of what the model gives');
  });

  test('go through norms over examples with their moments, and behind a flatten as many indices as a channel has places', () => {
    const layers = [conv(1, 6), { type: 'batch-norm', features: 6 }, { type: 'flatten' }, linear(24, 2)];
    const found = widthsOf(sequential(...layers), { shape: [2, 1, 2, 2] });
    expect(inShort(found)).toEqual([
      '0.weight[0] channel 6: 0.weight[0], 0.bias[0], 1.weight[0], 1.bias[0], 3.weight[1], 1.running_mean[0], 1.running_var[0]',
    ]);
    const behind = found.widths[0]?.members.find(({ name }) => name === '3.weight');
    expect([...(behind?.indices ?? [])].slice(0, 9)).toEqual([0, 0, 0, 0, 1, 1, 1, 1, 2]);
  });

  test('are one on both ways of a residual', () => {
    const body = sequential(linear(4, 7), { type: 'tanh' }, linear(7, 4));
    const found = widthsOf(sequential(linear(3, 4), { type: 'residual', body }, linear(4, 2)), { shape: [2, 3] });
    expect(inShort(found)).toEqual([
      '0.weight[0] neuron 4: 0.weight[0], 0.bias[0], 1.body.0.weight[1], 1.body.2.weight[0], 1.body.2.bias[0], 2.weight[1]',
      '1.body.0.weight[0] neuron 7: 1.body.0.weight[0], 1.body.0.bias[0], 1.body.2.weight[1]',
    ]);
  });

  test('are parts of an axis where channels stand side by side', () => {
    const parts = { type: 'side-by-side', parts: [conv(1, 2), conv(1, 3)] };
    const found = widthsOf(sequential(parts, conv(5, 2)), { shape: [2, 1, 4, 4] });
    expect(inShort(found)).toEqual([
      '0.0.weight[0] channel 2: 0.0.weight[0], 0.0.bias[0], 1.weight[1]',
      '0.1.weight[0] channel 3: 0.1.weight[0], 0.1.bias[0], 1.weight[1]',
    ]);
    expect([...(found.widths[1]?.members.at(-1)?.indices ?? [])]).toEqual([-1, -1, 0, 1, 2]);
  });

  test('of groups of channels are the groups, and the channels of each alike', () => {
    const found = widthsOf(sequential(conv(1, 4), conv(4, 6, { groups: 2 }), conv(6, 1)), { shape: [2, 1, 4, 4] });
    expect(found.widths.map(({ name, size }) => `${name} ${size}`)).toEqual([
      '0.weight[0] 2',
      '0.weight[0]#2 2',
      '1.weight[0] 3',
    ]);
    expect([...(found.widths[0]?.members.find(({ name }) => name === '1.weight')?.indices ?? [])]).toEqual([
      0, 0, 0, 1, 1, 1,
    ]);
    expect([...(found.widths[2]?.members.find(({ name }) => name === '2.weight')?.indices ?? [])]).toEqual([
      0, 1, 2, 0, 1, 2,
    ]);
  });

  test('of attention are its heads; between queries and keys there is no weight', () => {
    const attention = { type: 'self-attention', width: 4, heads: 3, headWidth: 5, bias: false };
    const found = widthsOf(sequential(linear(2, 4), { type: 'residual', body: attention }, linear(4, 2)), {
      shape: [2, 6, 2],
    });
    expect(inShort(found)).toEqual([
      '0.weight[0] neuron 4: 0.weight[0], 0.bias[0], 1.body.query.weight[1], 1.body.key.weight[1], 1.body.value.weight[1], 1.body.out.weight[0], 2.weight[1]',
      '1.body.query.weight[0] head 3: 1.body.query.weight[0], 1.body.key.weight[0], 1.body.value.weight[0], 1.body.out.weight[1]',
    ]);
    expect(reason(found, '1.body.key.weight', 0)).toBeUndefined();
    // The features of a head's values could go alone, but no option says how many they are.
    expect(reason(found, '1.body.value.weight', 0)).toMatch(/^no options of 1\.body \(self-attention\).* 5 becomes 4$/);
  });

  test('that a norm takes a mean over are needed whole, with the tensors that have them', () => {
    const found = widthsOf(sequential(linear(2, 4), { type: 'layer-norm', shape: 4 }, linear(4, 2)), { shape: [2, 2] });
    expect(found.widths).toEqual([]);
    expect(reason(found, '0.weight', 0)).toBe('sum of 1 needs it whole');
    expect(reason(found, '2.weight', 1)).toBe('sum of 1 needs it whole');
  });

  test('of a tied weight are found in all its places', () => {
    const layers = [
      { type: 'embedding', count: 5, size: 4 },
      linear(4, 6),
      { type: 'relu' },
      linear(6, 4),
      { ...linear(4, 5), bias: false },
    ];
    const config = { ...sequential(...layers), ties: { '4.weight': '0.weight' } };
    const found = widthsOf(config, { shape: [2, 3], dtype: 'i32' });
    expect(inShort(found)).toEqual([
      '3.weight[0] neuron 4: 0.weight[1], 1.weight[1], 3.weight[0], 3.bias[0]',
      '1.weight[0] neuron 6: 1.weight[0], 1.bias[0], 3.weight[1]',
    ]);
  });

  test('are found through modules from outside, whose options are tried', () => {
    const found = widthsOf(sequential(linear(2, 12), { type: 'gate', width: 6 }, linear(6, 2)), { shape: [2, 2] });
    expect(inShort(found)).toEqual(['0.weight[0] neuron 6: 0.weight[0], 0.bias[0], 2.weight[1]']);
    expect([...(found.widths[0]?.members[0]?.indices ?? [])]).toEqual([0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5]);
  });

  test('behind an op that says nothing of its axes are needed whole, by its name', () => {
    const found = widthsOf(sequential(linear(2, 4), { type: 'sorted' }, linear(4, 2)), { shape: [2, 2] });
    expect(found.widths).toEqual([]);
    expect(reason(found, '0.weight', 0)).toBe('sort of 1 needs it whole');
  });

  test('by whose size a module computes are needed whole', () => {
    const found = widthsOf(sequential(linear(2, 4), { type: 'root-scale' }, linear(4, 2)), { shape: [2, 2] });
    expect(found.widths).toEqual([]);
    expect(reason(found, '0.weight', 0)).toMatch(/1 would do something else with fewer units/);
  });

  test('of which a call computed nothing are needed whole: positions behind the last one', () => {
    const layers = [
      { type: 'embedding', count: 5, size: 4 },
      { type: 'position-embedding', count: 9, size: 4 },
    ];
    const found = widthsOf(sequential(...layers, linear(4, 2)), { shape: [2, 3], dtype: 'i32' });
    expect(found.widths.map(({ name }) => name)).toEqual(['0.weight[1]']);
    expect(reason(found, '1.weight', 0)).toBeDefined();
  });
});
