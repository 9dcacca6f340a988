import { cpu, createReferenceDevice } from '@espalier/tensor';
import { describe } from 'vitest';
import { encodedLaws } from './laws.ts';

describe('on the reference device', () => {
  const reference = createReferenceDevice('encoded');
  encodedLaws(() => reference, 10);
});

describe('on cpu', () => {
  encodedLaws(() => cpu(), 30);
});
