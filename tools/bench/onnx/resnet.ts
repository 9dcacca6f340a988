/**
 * A trained ResNet-18 of full size made smaller here, and judged in PyTorch and in ONNX Runtime: `npm run bench:resnet -- --python PYTHON
 * [--folder FOLDER] [--only NAME] [--json FILE]`, with torch 2.13.0, numpy, onnx and onnxruntime in that Python.
 *
 * `resnet.py` trains it on pictures that it draws, unless the folder has it from before. Then it is pruned, cut to half of its channels,
 * and quantized in each way that there is; saved and loaded as ours; written as ONNX, and as a state dict with the numbers that the
 * weights stand for. 200 pictures of 224 x 224 go through each of the three. Rows: the largest difference of a logit from what
 * PyTorch, and ONNX Runtime, compute of what was written, by the largest of all logits; and, of quality, the share of pictures with the
 * answer that the net gave as it came. Rounding what layers are called with hides no difference: where two sums in another order lie on two sides
 * of a half, codes are 1 apart, and so are a few of those behind them.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  bytesOf,
  exportOnnx,
  openNpy,
  readTensor,
  stateDictModel,
  writeStateDict,
  writtenTensor,
} from '@espalier/models';
import { openTensorFile, writeFileBy } from '@espalier/models/node';
import { predict, tensorDataset, type Module } from '@espalier/nn';
import { prune, quantize, runRecipe, shrink, type Pass } from '@espalier/optimize';
import { loadOptimized, saveOptimized } from '@espalier/optimize/node';
import { cpu, zeros, type Tensor } from '@espalier/tensor';
import { commandLine } from '../command-line.mjs';

/** What is done to the net, and what has to come of it. */
interface Variant {
  readonly passes: () => readonly Pass[];
  readonly widths?: readonly number[];
  /** Whether what layers are called with is rounded: the two engines then sum up in orders of their own. */
  readonly rounds?: 'static' | 'dynamic';
  /** The least share of pictures with the same answer; absent where the net would have to be trained again. */
  readonly agrees?: number;
}

const calibrated = 40;
const dense: Variant = { passes: () => [], agrees: 1 };
const variants: Readonly<Record<string, Variant>> = {
  dense,
  pruned: { passes: () => [prune({ method: 'magnitude', sparsity: 0.5 })], agrees: 0.95 },
  halved: { passes: () => [shrink({ ratio: 0.5, recalibrate: calibrated })], widths: [32, 64, 128, 256] },
  int8: { passes: () => [quantize()], agrees: 0.99 },
  fitting: { passes: () => [quantize({ granularity: 'fitting' })], agrees: 0.99 },
  int4: { passes: () => [quantize({ weights: 'int4', group: 32 })], agrees: 0.95 },
  static: {
    passes: () => [quantize({ activations: { type: 'static', examples: calibrated } })],
    rounds: 'static',
    agrees: 0.99,
  },
  dynamic: { passes: () => [quantize({ activations: 'dynamic' })], rounds: 'dynamic', agrees: 0.99 },
};

const { option, refuse } = commandLine('bench:resnet', {
  python: undefined,
  folder: undefined,
  only: undefined,
  json: undefined,
});
const given = option('folder');
const folder = given ?? mkdtempSync(join(tmpdir(), 'espalier-resnet-'));
const script = fileURLToPath(new URL('resnet.py', import.meta.url));
const only = option('only')?.split(',') ?? Object.keys(variants);
for (const name of only)
  if (!Object.hasOwn(variants, name)) refuse(`there is no '${name}'; there are ${Object.keys(variants).join(', ')}`);

function python(step: 'make' | 'judge'): void {
  const { status } = spawnSync(option('python') ?? 'python3', [script, step, folder], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (status !== 0)
    refuse(`--python could not run resnet.py: install torch 2.13.0, numpy, onnx and onnxruntime for it`);
}

async function numbers(name: string): Promise<Tensor> {
  const path = join(folder, `${name}.npy`);
  return readTensor(await openNpy(bytesOf(new Uint8Array(readFileSync(path)), path)), 'array', { device: cpu() });
}

interface Loaded {
  readonly model: Module;
  /** What PyTorch calls what we have. */
  readonly names: ReadonlyMap<string, string>;
}

async function load(): Promise<Loaded> {
  const source = await openTensorFile(join(folder, 'resnet18.pth'));
  const { module: model, names } = await stateDictModel(source, { type: 'resnet', depth: 18 });
  await source.close();
  return { model, names };
}

/** Writes what weights stand for, under the names of PyTorch. */
async function writeTorch(path: string, model: Module, names: ReadonlyMap<string, string>): Promise<void> {
  const state = new Map([
    ...model.state(),
    ...[...model.namedParameters()].map(([name, { value }]) => [name, value] as const),
  ]);
  const tensors = new Map([...state].map(([name, tensor]) => [names.get(name) ?? name, writtenTensor(tensor)]));
  await writeFileBy(path, (sink) => writeStateDict(sink, tensors));
}

/** How what layers are called with is rounded, by the names of PyTorch. */
function roundedBy(model: Module, names: ReadonlyMap<string, string>): object {
  const places = [...model.namedParameters()].flatMap(([name, { inputs }]) =>
    inputs.map(
      ({ meaning }) =>
        [
          (names.get(name) ?? name).replace(/[.]weight$/u, ''),
          meaning?.does === 'round' ? { scale: meaning.scale, zero: meaning.zero } : null,
        ] as const,
    ),
  );
  return Object.fromEntries(places);
}

if (!existsSync(join(folder, 'logits.npy'))) python('make');
const [x, examples] = [await numbers('x'), await numbers('calibrate')];
const train = tensorDataset(examples.narrow(0, 0, calibrated).realizeSync(), zeros([calibrated], { dtype: 'i32' }));
const test = tensorDataset(x, zeros([x.shape[0] ?? 0]));
const answered = new Map<string, Float32Array>();
const made: Record<string, object> = {};
for (const name of only) {
  const { passes, widths = [64, 128, 256, 512] } = variants[name] ?? dense;
  const { model: trained, names } = await load();
  const { model } = await runRecipe(trained, [...passes()], { data: { train }, seed: 1 });
  const rounded = roundedBy(model, names);
  await writeTorch(join(folder, `${name}.pth`), model, names);
  await saveOptimized(join(folder, name), model);
  const { model: loaded } = await loadOptimized(join(folder, name));
  loaded.eval();
  await writeFileBy(join(folder, `${name}.onnx`), (sink) => exportOnnx(loaded, sink, { input: [3, 224, 224] }));
  made[name] = { widths, rounded };
  const start = performance.now();
  const logits = await predict(loaded, test, { batchSize: 10 });
  answered.set(name, Float32Array.from(await logits.data()));
  logits.dispose();
  console.log(`${name}: ${((performance.now() - start) / test.size).toFixed(0)} ms a picture`);
}
writeFileSync(join(folder, 'made.json'), JSON.stringify(made));
python('judge');

const logitsOf = async (name: string): Promise<Float32Array> => Float32Array.from(await (await numbers(name)).data());
const answers = (logits: Float32Array): number[] =>
  Array.from({ length: logits.length / 10 }, (_, at) => {
    const own = logits.subarray(at * 10, at * 10 + 10);
    return own.indexOf(Math.max(...own));
  });
const same = (a: Float32Array, b: Float32Array): number => {
  const [left, right] = [answers(a), answers(b)];
  return left.filter((each, at) => each === right[at]).length / left.length;
};
const apart = (a: Float32Array, b: Float32Array): number => {
  const largest = b.reduce((most, each) => Math.max(most, Math.abs(each)), 0);
  return a.reduce((most, each, at) => Math.max(most, Math.abs(each - (b[at] ?? Number.NaN))), 0) / largest;
};

const rows: { readonly name: string; readonly value: number; readonly target: string; readonly holds: boolean }[] = [];
function row(name: string, value: number, target: string, holds: boolean): void {
  rows.push({ name, value, target, holds });
  console.log(
    `${holds ? 'holds' : 'FAILS'}  ${name.padEnd(34)} ${String(Number(value.toPrecision(4))).padStart(10)}  ${target}`,
  );
}
const before = await logitsOf('logits');
for (const name of only) {
  const { agrees, rounds } = variants[name] ?? dense;
  const ours = answered.get(name) as Float32Array;
  for (const engine of ['torch', 'ort'] as const) {
    const theirs = await logitsOf(`${name}-${engine}`);
    const [difference, equal] = [apart(ours, theirs), same(ours, theirs)];
    // With scales that are found as they are needed, ONNX has one for the batch, and we have one for each window.
    const limit = rounds === undefined ? 1e-4 : rounds === 'dynamic' && engine === 'ort' ? Infinity : 0.05;
    row(`${name}/${engine}: difference`, difference, limit === Infinity ? 'any' : `<= ${limit}`, difference <= limit);
    row(`${name}/${engine}: same answers`, equal, '>= 0.99', equal >= 0.99);
    if (agrees !== undefined) {
      const kept = same(theirs, before);
      row(`${name}/${engine}: quality`, kept, `>= ${agrees}`, kept >= agrees);
    }
  }
}
const results = option('json');
if (results !== undefined) writeFileSync(results, `${JSON.stringify(rows, undefined, 2)}\n`);
if (given === undefined) rmSync(folder, { recursive: true, force: true });
process.exitCode = rows.every(({ holds }) => holds) ? 0 : 1;
