/** Espalier with matrices as numbers, whatever format a row asks for. */
import { cpu } from '@espalier/tensor';
import { dense } from '../espalier/encoded.ts';
import type { Engine } from '../problem.ts';

export const description: string = `espalier, dense f32 (${cpu().description})`;

export const ops: Engine['ops'] = { encoded: dense };
