import { describe } from 'vitest';
import { device } from '../../src/index.ts';
import { indexLaws } from './index-laws.ts';

describe('indices on webgpu', () => {
  indexLaws(() => device('webgpu'));
});
