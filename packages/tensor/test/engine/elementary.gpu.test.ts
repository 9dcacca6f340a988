import { device } from '@espalier/tensor';
import { elementaryLaws } from './elementary-laws.ts';

elementaryLaws(() => device('webgpu'), true);
