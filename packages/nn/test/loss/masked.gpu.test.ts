import { device } from '@espalier/tensor';
import { maskedLossLaws } from '../helpers/masked-losses.ts';

maskedLossLaws('WebGPU', () => device('webgpu'));
