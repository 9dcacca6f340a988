import { device } from '@espalier/tensor';
import { convolutionEpilogueLaws } from './convolution-epilogues.ts';

convolutionEpilogueLaws(() => device('webgpu'), { numRuns: 3, kernels: ['conv2d'] });
