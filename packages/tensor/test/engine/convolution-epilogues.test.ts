import { cpu, createReferenceDevice } from '@espalier/tensor';
import { describe } from 'vitest';
import { convolutionEpilogueLaws } from './convolution-epilogues.ts';

describe('on reference', () => {
  const device = createReferenceDevice('convolutions');
  convolutionEpilogueLaws(() => device, { numRuns: 8, kernels: ['conv2d'] });
});

describe('on cpu, whose convolutions take none', () => {
  convolutionEpilogueLaws(() => cpu(), { numRuns: 8, kernels: ['conv2d', 'loop'] });
});
