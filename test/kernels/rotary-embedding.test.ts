import { cpu, randn, tensor } from '@espalier/tensor';
import { checkKernel } from '@espalier/testing';
import { describe, expect, test } from 'vitest';
import { rotaryEmbedding } from './rotary-embedding.ts';
import { rotaryLaws } from './rotary-laws.ts';

describe('a kernel of one’s own', () => {
  test('agrees with its reference on cpu, and its gradient with finite differences', async () => {
    const { cases, gradientCases } = await checkKernel(rotaryEmbedding, { ...rotaryLaws, devices: [cpu()] });
    expect(cases['cpu']).toBeGreaterThan(0);
    expect(gradientCases).toBeGreaterThan(0);
  });

  test('turns and turns back', () => {
    const x = randn([2, 5, 8]);
    const [turned] = rotaryEmbedding([x]);
    const [back] = rotaryEmbedding([turned as typeof x], { inverse: true });
    expect((back as typeof x).sub(x).abs().max().itemSync()).toBeLessThan(1e-5);
  });

  test('names itself when the input does not fit', () => {
    expect(() => rotaryEmbedding([tensor([1, 2])])).toThrow(
      /^rotaryEmbedding: takes \[rows, positions, even width\], not \[2\]$/,
    );
  });
});
