/** The stage in which models are trained from data. */
import type { Stage } from '../pipeline/stage.ts';
import { makeRows } from '../rows/make-rows.ts';

/** Makes the models that are made from data, such as what the search found. */
export const trainStage: Stage = {
  name: 'train',
  options: {},
  inputs: [],
  optional: ['winner'],
  outputs: ['trained'],
  run: async (context) => {
    const rows = context.pipeline.rows.filter(({ from }) => from === undefined);
    return { trained: await makeRows(context, rows, 'train the winner') };
  },
};
