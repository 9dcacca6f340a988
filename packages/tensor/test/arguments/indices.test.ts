import { describe } from 'vitest';
import { cpu, createReferenceDevice } from '../../src/index.ts';
import { indexLaws } from './index-laws.ts';

describe('indices on cpu', () => {
  indexLaws(cpu);
});
describe('indices on the reference', () => {
  indexLaws(() => createReferenceDevice('indices'));
});
