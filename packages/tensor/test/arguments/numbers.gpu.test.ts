import { describe } from 'vitest';
import { device } from '../../src/index.ts';
import { numberLaws } from './number-laws.ts';

describe('on webgpu', () => {
  numberLaws(() => device('webgpu'), 20);
});
