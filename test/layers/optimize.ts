// The layers of @espalier/optimize, the lowest first.
import type { Layers } from './layers.ts';

/** Not stated yet. */
export const optimize: Layers = { arrows: {}, exceptions: [] };
