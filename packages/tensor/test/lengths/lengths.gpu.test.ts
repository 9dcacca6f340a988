import { device } from '@espalier/tensor';
import { describeDecoding } from './decode-laws.ts';
import { describeLengths } from './laws.ts';

describeLengths(() => device('webgpu'), 6);
describeDecoding(() => device('webgpu'), 3);
