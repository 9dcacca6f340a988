import { device } from '@espalier/tensor';
import { describe } from 'vitest';
import { describeLengths } from './laws.ts';

describe('webgpu', () => describeLengths(() => device('webgpu'), 6));
