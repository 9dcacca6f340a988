// The layers of @espalier/nn, the lowest first.
import type { Layers } from './layers.ts';

/** Not stated yet. */
export const nn: Layers = { arrows: {}, exceptions: [] };
