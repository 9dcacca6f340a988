/**
 * Products with encoded matrices on WebGPU beside those with the dense one:
 * `npm run bench:encoded-webgpu -- [node | chromium …] [--size 1024] [--rows 1,64]`.
 *
 * Rounds take turns; a figure is the best of them: in Node in processor time of the process where the adapter is emulated, else
 * and in Chromium in wall time. The second column is how many times faster than the dense product it is. Matrices of entries
 * have a tenth of theirs; those of N of M and of blocks a half.
 */
import { device as open } from '@espalier/tensor';
import { commandLine } from '../command-line.mjs';
import { compareProducts, type Comparison } from './compare.ts';
import { compareInPage } from './in-page.ts';

async function compareInNode(comparison: Comparison): Promise<string> {
  const device = await open('webgpu');
  const onProcessor = /llvmpipe|swiftshader|software/i.test(device.description);
  const processor = (): number => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  };
  const tables = await compareProducts(device, comparison, onProcessor ? processor : undefined);
  device.dispose();
  return tables;
}

const places: Readonly<Record<string, (comparison: Comparison) => Promise<string>>> = {
  node: compareInNode,
  chromium: compareInPage,
};
const defaults = { size: '1024', rows: '1,64' };
const line = commandLine('bench:encoded-webgpu', defaults, { what: 'place', names: Object.keys(places) });
const comparison: Comparison = {
  size: line.wholeNumbers('size')?.[0] ?? 0,
  rows: line.wholeNumbers('rows') ?? [],
};
for (const place of line.words) console.log(`\n${place}: ${await places[place]?.(comparison)}`);
