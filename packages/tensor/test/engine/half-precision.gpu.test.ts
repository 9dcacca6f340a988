import { device } from '@espalier/tensor';
import { halfPrecisionLaws } from './half-precision-laws.ts';

halfPrecisionLaws(() => device('webgpu'), 2 ** 21);
