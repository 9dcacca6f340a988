import { cpu, createReferenceDevice } from '@espalier/tensor';
import { describe } from 'vitest';
import { encodedLaws } from './laws.ts';
import { productLaws } from './product-laws.ts';

describe('on the reference device', () => {
  const reference = createReferenceDevice('encoded');
  productLaws(() => reference, 10, 'gradual');
  encodedLaws(() => reference, 10);
});

describe('on cpu', () => {
  productLaws(() => cpu(), 30, 'gradual');
  encodedLaws(() => cpu(), 30);
});
