import { cpu } from '@espalier/tensor';
import { elementaryLaws } from './elementary-laws.ts';

elementaryLaws(() => cpu(), false);
