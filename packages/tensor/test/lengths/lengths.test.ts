import { device } from '@espalier/tensor';
import { describe } from 'vitest';
import { describeLengths } from './laws.ts';

describe.each(['reference', 'cpu'] as const)('%s', (name) => {
  describeLengths(() => device(name), 20);
});
