/** Convolutions and their gradients on the adapter against the reference. */
import { describe, test, vi } from 'vitest';
import { conv2dSpec, type ConvolutionCase } from '../conv2d-spec.ts';
import { expectAgreement, tunedDevices } from './agreement.ts';
import { contentOf } from './specs.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const deviceOf = tunedDevices();

type Case = Omit<ConvolutionCase, 'pass'>;

const cases: [string, Case][] = [
  ['plain', { batch: 2, inChannels: 3, outChannels: 9, size: [9, 11], kernel: [3, 3] }],
  [
    'strided, padded and dilated',
    {
      batch: 3,
      inChannels: 4,
      outChannels: 6,
      size: [12, 10],
      kernel: [3, 2],
      stride: [2, 3],
      padding: [2, 1],
      dilation: [2, 1],
    },
  ],
  ['grouped', { batch: 2, groups: 2, inChannels: 4, outChannels: 6, size: [7, 7], kernel: [3, 3], padding: [1, 1] }],
  ['depthwise', { batch: 2, groups: 5, inChannels: 5, outChannels: 5, size: [8, 8], kernel: [3, 3], padding: [1, 1] }],
  ['one by one', { batch: 2, inChannels: 8, outChannels: 5, size: [5, 6], kernel: [1, 1] }],
  ['many images', { batch: 16, inChannels: 1, outChannels: 8, size: [14, 14], kernel: [5, 5] }],
];

describe.each(['forward', 'input', 'weight'] as const)('conv2d %s', (pass) => {
  const check = async (tuning: string, item: Case): Promise<void> => {
    const { spec, sizes } = conv2dSpec({ ...item, pass });
    const contents = spec.bindings.map(({ access, dtype }, binding) =>
      access === 'read' ? contentOf(dtype, sizes[binding] ?? 0, binding + 1) : (sizes[binding] ?? 0),
    );
    const coarse = item.dtype === 'f16' ? 2 ** -9 : 0;
    await expectAgreement(deviceOf(tuning), spec, contents, {
      absolute: 2e-4 + coarse,
      relative: 2e-5 + coarse,
    });
  };

  test.each(cases)('%s', async (_, item) => {
    await check('software', item);
  });

  test('narrow floats', async () => {
    await check('software', { batch: 1, inChannels: 2, outChannels: 3, size: [5, 7], kernel: [2, 2], dtype: 'f16' });
  });

  test('through workgroup memory', async () => {
    await check('hardware', {
      batch: 2,
      inChannels: 32,
      outChannels: 33,
      size: [9, 9],
      kernel: [3, 3],
      padding: [1, 1],
    });
  });
});
