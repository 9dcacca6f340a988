import { device } from '@espalier/tensor';
import { describeLengths } from './laws.ts';

describeLengths(() => device('webgpu'), 6);
