// The layers of @espalier/search, the lowest first.
import type { Layers } from './layers.ts';

/** Not stated yet. */
export const search: Layers = { arrows: {}, exceptions: [] };
