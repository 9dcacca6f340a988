// The layers of @espalier/storage, the lowest first.
import type { Layers } from './layers.ts';

/** Not stated yet. */
export const storage: Layers = { arrows: {}, exceptions: [] };
