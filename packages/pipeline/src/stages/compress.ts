/** The stage in which models are made from models. */
import type { Stage } from '../pipeline/stage.ts';
import { makeRows } from '../rows/make-rows.ts';

/** Makes the models that are made from others: smaller ones, and what shows what that is worth. */
export const compressStage: Stage = {
  name: 'compress',
  options: {},
  inputs: ['trained'],
  optional: ['winner'],
  outputs: ['compressed'],
  run: async (context) => {
    const rows = context.pipeline.rows.filter(({ from }) => from !== undefined);
    return { compressed: await makeRows(context, rows, 'compress') };
  },
};
