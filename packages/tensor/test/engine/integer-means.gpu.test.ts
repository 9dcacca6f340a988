import { device } from '@espalier/tensor';
import { integerMeanLaws } from './integer-means-laws.ts';

integerMeanLaws(() => device('webgpu'), 3);
