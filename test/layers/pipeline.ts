// The layers of @espalier/pipeline, the lowest first.
import type { Layers } from './layers.ts';

/** Not stated yet. */
export const pipeline: Layers = { arrows: {}, exceptions: [] };
