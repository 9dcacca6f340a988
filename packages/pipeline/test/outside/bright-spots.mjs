// A package of somebody else's: a source of data, a task, a way to make a row with its job, and a stage with its job. It
// imports what everybody can, and is plain JavaScript, so that workers can import it as it is.
import { meanLoss, mse, tensorDataset } from '@espalier/nn';
import { saveOptimized } from '@espalier/optimize/node';
import {
  numberWithin,
  openData,
  registerJob,
  registerRow,
  registerSource,
  registerStage,
  registerTask,
  wholeNumber,
} from '@espalier/pipeline';
import { loadModelFolder } from '@espalier/pipeline/node';

/**
 * Images of one bright spot each, and where it is: numbers from -1 to 1.
 *
 * @param {number} count
 * @param {number} side
 * @param {import('@espalier/tensor').Device} device
 */
function spots(count, side, device) {
  const images = new Float32Array(count * side * side);
  const places = new Float32Array(2 * count);
  for (let image = 0; image < count; image += 1) {
    // Every place in turn, in steps that have no divisor in common with the number of places.
    const place = (image * 7) % (side * side);
    const [row, column] = [Math.floor(place / side), place % side];
    images[image * side * side + place] = 1;
    places.set([(2 * row) / (side - 1) - 1, (2 * column) / (side - 1) - 1], 2 * image);
  }
  return tensorDataset(
    { data: images, shape: [count, 1, side, side] },
    { data: places, shape: [count, 2] },
    { device },
  );
}

/** @type {import('@espalier/pipeline').DataSource<{ readonly count: number, readonly side: number }>} */
const source = {
  name: 'spots',
  options: { count: wholeNumber(10, 10_000), side: wholeNumber(4, 64) },
  open: async ({ count, side }, device) => ({
    train: spots(count, side, device),
    test: spots(side * side, side, device),
    input: [1, side, side],
    targets: 2,
  }),
};
registerSource(source);

const squared = meanLoss(mse);
/** @type {import('@espalier/nn').Metric} */
const rootMeanSquare = { ...squared, value: (totals) => Math.sqrt(squared.value(totals)) };

/** @type {import('@espalier/pipeline').Task<{ readonly rmse: import('@espalier/nn').Metric }>} */
const task = {
  name: 'place',
  outputs: ({ targets = 1 }) => targets,
  loss: 'huber',
  score: { name: 'rmse', metric: rootMeanSquare, text: (value) => `${value.toFixed(3)} off` },
  metrics: { rmse: rootMeanSquare },
  figures: ({ rmse }) => ({ metrics: { rmse }, details: { unit: 'half a side' } }),
};
registerTask(task);

/** @type {import('@espalier/pipeline').JobType<{ readonly from: string, readonly folder: string, readonly levels: number }, null>} */
const coarsen = {
  name: 'spots/coarsen',
  run: async ({ from, folder, levels }, { device }) => {
    const { model, metadata } = await loadModelFolder(from, { device });
    const coarse = [...model.state()].map(([name, tensor]) => {
      if (!name.endsWith('.weight')) return /** @type {const} */ ([name, tensor]);
      const step = tensor.abs().max().div(levels);
      return /** @type {const} */ ([name, tensor.div(step).round().mul(step)]);
    });
    model.load(new Map(coarse));
    const optimization = [{ type: 'coarsen', summary: `round the weights to ${2 * levels + 1} levels` }];
    await saveOptimized(folder, model, { metadata, optimization });
    return null;
  },
};
registerJob(coarsen);

/** @type {import('@espalier/pipeline').RowType<{ readonly levels: number }>} */
const row = {
  name: 'coarsen',
  options: { levels: wholeNumber(1, 127) },
  from: 'row',
  weight: () => 1,
  make: async ({ options, from, folder, runner, onProgress }) => {
    await runner.call(coarsen.name, { ...options, from, folder }, onProgress);
    return [];
  },
};
registerRow(row);

/** @type {import('@espalier/pipeline').JobType<{ readonly source: import('@espalier/pipeline').SourceUse, readonly folder: string, readonly dim: number }, number>} */
const dimmed = {
  name: 'spots/dimmed',
  run: async ({ source: use, folder, dim }, { device }) => {
    const { test } = await openData(use, device);
    const { model } = await loadModelFolder(folder, { device });
    const { x, y } = await test.batch(Array.from({ length: test.size }, (_, index) => index));
    return Math.sqrt(await mse(model.eval().call(x.mul(dim)), y).item());
  },
};
registerJob(dimmed);

/** @type {import('@espalier/pipeline').Stage<{ readonly dim: number }>} */
const stage = {
  name: 'in the dark',
  options: { dim: numberWithin(0, 1) },
  inputs: ['measured'],
  outputs: ['dark'],
  run: async ({ pipeline: { data }, options: { dim }, inputs, folder, runner }) => {
    const { names } = /** @type {import('@espalier/pipeline').MeasuredRows} */ (inputs['measured']);
    const entries = names.map(async (name) => [
      name,
      await runner.call(dimmed.name, { source: data.source, folder: `${folder}/${name}`, dim }),
    ]);
    return { dark: Object.fromEntries(await Promise.all(entries)) };
  },
};
registerStage(stage);
