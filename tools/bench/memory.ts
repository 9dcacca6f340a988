/**
 * What a model of 50 million parameters takes on a device once it is loaded from its file, by format:
 * `npm run bench:memory -- [FORMAT …] [--device cpu,webgpu] [--size N] [--layers N] [--batch N,…]`.
 *
 * Each model is built and saved, then loaded in a fresh process and called with batches of several sizes. Columns: bytes of
 * its file; bytes alive on the device after loading and after each batch, relative to those of the file; the same of what the
 * process holds, over what it held with an open device and nothing loaded.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Module } from '@espalier/nn';
import { encode, prune, quantize, runRecipe, type Step } from '@espalier/optimize';
import { loadOptimized, saveOptimized } from '@espalier/optimize/node';
import { device as open, full, memory, setDefaultDevice, type Device, type DeviceName } from '@espalier/tensor';
import { commandLine } from './command-line.mjs';

/** How a model comes into each format. */
const formats: Readonly<Record<string, () => readonly Step[]>> = {
  dense: () => [],
  int8: () => [quantize()],
  int4: () => [encode({ format: 'int4' })],
  csr: () => [prune({ sparsity: 0.9 }), encode({ format: 'csr' })],
  bitmask: () => [prune({ sparsity: 0.9 }), encode({ format: 'bitmask' })],
  '2of4': () => [encode({ format: 'n-of-m' })],
  codebook: () => [encode({ format: 'codebook' })],
};

/** What was in memory at one time. */
interface Held {
  readonly when: string;
  readonly device: number;
  readonly process: number;
}

const { option, words, wholeNumbers } = commandLine(
  'bench:memory',
  { device: 'cpu', size: '4096', layers: '3', batch: '1,64', load: undefined },
  { what: 'format', names: Object.keys(formats) },
);
const [size = 0] = wholeNumbers('size') ?? [];
const [layers = 0] = wholeNumbers('layers') ?? [];

const saved = option('load');
if (saved === undefined) await compareFormats();
else console.log(JSON.stringify(await load(saved, await open(option('device') as DeviceName))));

async function compareFormats(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'espalier-bench-'));
  try {
    const config = { type: 'sequential', layers: Array.from({ length: layers }, () => ({ type: 'linear', in: size, out: size })) }; // prettier-ignore
    console.log(
      `${layers} × linear ${size} → ${size}, ${((layers * size * (size + 1)) / 1e6).toFixed(1)} M parameters`,
    );
    for (const name of words) {
      const passes = formats[name]?.() ?? [];
      const model = build(config, { seed: 1 });
      const path = join(folder, name);
      await saveOptimized(path, passes.length === 0 ? model : (await runRecipe(model, passes)).model);
      for (const kind of (option('device') ?? '').split(',')) print(name, kind, path, loadApart(path, kind));
      rmSync(path, { recursive: true });
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Loads and calls a model in a process of its own. */
function loadApart(path: string, kind: string): readonly Held[] {
  const own = ['--load', path, '--device', kind, '--size', String(size), '--batch', option('batch') ?? ''];
  const program = [...process.execArgv, '--expose-gc', fileURLToPath(import.meta.url), ...own];
  const { stdout, stderr, status } = spawnSync(process.execPath, program, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${kind}: ${stderr}`);
  return JSON.parse(stdout) as readonly Held[];
}

async function load(path: string, device: Device): Promise<readonly Held[]> {
  setDefaultDevice(device);
  const held: Held[] = [];
  const note = async (when: string): Promise<void> => {
    await device.synchronize();
    globalThis.gc?.();
    // What was given back a moment ago goes with the finalizers, which run between tasks.
    await new Promise((resolve) => void setTimeout(resolve, 100));
    globalThis.gc?.();
    held.push({ when, device: memory(device).bytes, process: process.memoryUsage.rss() });
  };
  // Compiles what every batch needs, so that it does not count as the model's.
  await call(build({ type: 'linear', in: 8, out: 8 }, { seed: 1 }), 1, 8);
  await note('open');
  const { model } = await loadOptimized(path, { device });
  await note('loaded');
  for (const batch of wholeNumbers('batch') ?? []) {
    await call(model, batch, size);
    await note(`× ${batch}`);
  }
  return held;
}

async function call(model: Module, batch: number, width: number): Promise<void> {
  const x = full([batch, width], 0.5).realizeSync();
  const y = model.call(x);
  await y.data();
  y.dispose();
  x.dispose();
}

function print(name: string, kind: string, path: string, [before, ...rest]: readonly Held[]): void {
  const file = statSync(join(path, 'model.safetensors')).size;
  const columns = rest.map(({ when, device, process: whole }) => {
    const ratio = (bytes: number, from = 0): string => ((bytes - from) / file).toFixed(2);
    return `${when}: ${ratio(device, before?.device)} × on the device, ${ratio(whole, before?.process)} × in the process`;
  });
  console.log(`${kind} ${name.padEnd(9)} file ${(file / 1e6).toFixed(1).padStart(6)} MB; ${columns.join('; ')}`);
}
