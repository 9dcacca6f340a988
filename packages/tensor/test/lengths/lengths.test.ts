import { device } from '@espalier/tensor';
import { describe } from 'vitest';
import { describeDecoding } from './decode-laws.ts';
import { describeLengths } from './laws.ts';

describe.each(['reference', 'cpu'] as const)('%s', (name) => {
  describeLengths(() => device(name), 20);
  describeDecoding(() => device(name), 12);
});
