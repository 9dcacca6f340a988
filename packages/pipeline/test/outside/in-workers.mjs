// Runs the pipeline in worker threads, as a program of somebody's would: the built packages, and the module named to workers.
import { quietHost } from '@espalier/pipeline';
import { runInFolder, withRunner } from '@espalier/pipeline/node';
import './bright-spots.mjs';
import { spots } from './spots-pipeline.mjs';

const [folder = 'runs/spots'] = process.argv.slice(2);
const host = { ...quietHost(), stderr: process.stderr };
const modules = [new URL('./bright-spots.mjs', import.meta.url).href];
/** @type {string[]} */
const profiled = [];
const { report, dark } = await withRunner(
  host,
  'cpu',
  (runner) => runInFolder(spots, { host, runner, folder, resume: false, fingerprint: 'spots' }),
  { modules, onProfile: ({ name, kernels }) => void (kernels.length > 0 && profiled.push(name)) },
);
const { rows } = /** @type {import('@espalier/pipeline').Report} */ (report);
process.stdout.write(
  JSON.stringify({
    rows: rows.map(({ name }) => name),
    dark: Object.keys(/** @type {object} */ (dark)).length,
    profiled: [...new Set(profiled)].toSorted(),
  }),
);
