/**
 * A linear layer whose weight was saved in a format, loaded from its file and called through the public API, beside the dense
 * layer: `npm run bench:linear -- [FORMAT …] [--size N] [--batch N,…] [--rounds N]`.
 *
 * The layers take turns, so that the weights of each have left the caches when it is called again. Prints the least and the
 * median time of a call, the median relative to the dense layer's, and what the weight takes on the device and in its file.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from '@espalier/nn';
import { encode, prune, quantize, runRecipe, type Step } from '@espalier/optimize';
import { loadOptimized, saveOptimized } from '@espalier/optimize/node';
import { randn, scope } from '@espalier/tensor';
import { commandLine } from './command-line.mjs';

/** How the weight of the dense layer comes into each format. */
const formats: Readonly<Record<string, () => readonly Step[]>> = {
  int8: () => [quantize()],
  int4: () => [encode({ format: 'int4' })],
  codebook: () => [encode({ format: 'codebook' })],
  csr: () => [prune({ sparsity: 0.9 }), encode({ format: 'csr' })],
  '2of4': () => [encode({ format: 'n-of-m' })],
};

const { words, wholeNumbers } = commandLine(
  'bench:linear',
  { size: '4096', batch: '1,64', rounds: '30' },
  { what: 'format', names: Object.keys(formats) },
);
const [size = 0] = wholeNumbers('size') ?? [];
const [rounds = 0] = wholeNumbers('rounds') ?? [];

const folder = mkdtempSync(join(tmpdir(), 'espalier-bench-'));
try {
  const dense = build({ type: 'linear', in: size, out: size }, { seed: 1 });
  const layers = [];
  for (const name of ['dense', ...words]) {
    const passes = formats[name]?.() ?? [];
    const saved = join(folder, name);
    await saveOptimized(saved, passes.length === 0 ? dense : (await runRecipe(dense, passes)).model);
    const { model } = await loadOptimized(saved);
    layers.push({ name, model });
    const onDevice = model.namedParameters().get('weight')?.bytes ?? 0;
    const inFile = statSync(join(saved, 'model.safetensors')).size;
    console.log(`${name.padEnd(10)} ${megabytes(onDevice)} on the device, ${megabytes(inFile)} in the file`);
  }
  for (const batch of wholeNumbers('batch') ?? []) {
    const x = randn([batch, size]).realizeSync();
    const times = new Map<string, number[]>(layers.map(({ name }) => [name, []]));
    // The first rounds compile.
    for (let round = -5; round < rounds; round++)
      for (const { name, model } of layers) {
        const start = performance.now();
        scope(() => void model.call(x).realizeSync());
        if (round >= 0) times.get(name)?.push(performance.now() - start);
      }
    console.log(`\nLinear ${size} → ${size}, batch ${batch}`);
    const ofDense = median(times.get('dense') ?? []);
    for (const [name, each] of times) {
      const [least, middle] = [Math.min(...each), median(each)];
      const columns = [`${least.toFixed(3)} ms`, `${middle.toFixed(3)} ms`, `${(middle / ofDense).toFixed(2)}x`];
      console.log(`  ${name.padEnd(10)} ${columns.map((column) => column.padStart(11)).join('')}`);
    }
    x.dispose();
  }
} finally {
  rmSync(folder, { recursive: true });
}

function median(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[times.length >> 1] ?? Number.NaN;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1).padStart(6)} MB`;
}
