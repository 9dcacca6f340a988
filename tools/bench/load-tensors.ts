/**
 * What loading a safetensors file onto a device takes, in fresh processes: `npm run bench:load -- [--megabytes N]
 * [--tensor N] [--device cpu] [--runs N] [--dtype F32]`.
 *
 * A file of tensors of `--tensor` megabytes each, the largest, is made in a temporary folder and read once, so that the disk
 * is not what is measured. Columns: gigabytes a second, from opening the file to the last tensor on the device, and by the processors' time; the most
 * memory of the process, over what it had with an open device, less what lies on the device; and what that may be, the
 * largest tensor and 64 MiB.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fileDType, readTensor, safetensors, type WrittenTensor } from '@espalier/models';
import { openTensorFile, writeFileBy } from '@espalier/models/node';
import { device as open, memory, type DeviceName, type Tensor } from '@espalier/tensor';
import { commandLine } from './command-line.mjs';

/** What a process found. */
interface Loaded {
  readonly seconds: number;
  /** Of all processors, the system's work included: what other programs do to the clock does not count. */
  readonly cpuSeconds: number;
  readonly bytes: number;
  readonly onDevice: number;
  /** The most memory of the process, over what it had before. */
  readonly grown: number;
}

const mebi = 2 ** 20;
const { option, refuse, wholeNumbers } = commandLine('bench:load', {
  megabytes: '500',
  tensor: '64',
  device: 'cpu',
  runs: '3',
  dtype: 'F32',
  load: undefined,
});
const [megabytes = 0] = wholeNumbers('megabytes') ?? [];
const [each = 0] = wholeNumbers('tensor') ?? [];
const [runs = 0] = wholeNumbers('runs') ?? [];
const kind = option('device') as DeviceName;

const path = option('load');
if (path === undefined) await measure();
else console.log(JSON.stringify(await load(path)));

async function measure(): Promise<void> {
  const dtype = option('dtype') ?? '';
  const bits = fileDType(dtype)?.bits ?? refuse(`there is no dtype '${dtype}'; take one of safetensors, such as F32`);
  const folder = mkdtempSync(join(tmpdir(), 'espalier-bench-'));
  try {
    const file = join(folder, 'model.safetensors');
    const tensors = Array.from({ length: Math.ceil(megabytes / each) }, (_, index): [string, WrittenTensor] => {
      const bytes = Math.min(each, megabytes - index * each) * 1e6;
      return [`tensor.${index}`, { dtype, shape: [(bytes * 8) / bits], bytes, values: () => pieces(bytes) }];
    });
    await writeFileBy(file, (sink) => safetensors.write?.(sink, new Map(tensors)) ?? Promise.resolve());
    readFileSync(file);
    for (let run = 0; run < runs; run++) print(loadApart(file));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function* pieces(bytes: number): AsyncGenerator<Uint8Array> {
  const piece = new Uint8Array(1e6).map((_, index) => index % 64);
  for (let at = 0; at < bytes; at += piece.length) yield piece;
}

function loadApart(file: string): Loaded {
  const own = ['--load', file, '--device', kind];
  const program = [...process.execArgv, '--expose-gc', fileURLToPath(import.meta.url), ...own];
  const { stdout, stderr, status } = spawnSync(process.execPath, program, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${kind}: ${stderr}`);
  return JSON.parse(stdout) as Loaded;
}

async function load(file: string): Promise<Loaded> {
  const device = await open(kind);
  globalThis.gc?.();
  const before = process.memoryUsage.rss();
  const began = performance.now();
  const used = process.cpuUsage();
  const source = await openTensorFile(file);
  const tensors: Tensor[] = [];
  for (const name of source.tensors.keys()) tensors.push(await readTensor(source, name, { device }));
  await device.synchronize();
  const seconds = (performance.now() - began) / 1000;
  const { user, system } = process.cpuUsage(used);
  const bytes = [...source.tensors.values()].reduce((sum, tensor) => sum + tensor.bytes, 0);
  const onDevice = memory(device).bytes;
  await source.close();
  // In kibibytes, of the process from its start; what lies there before is little.
  const grown = process.resourceUsage().maxRSS * 1024 - before;
  for (const tensor of tensors) tensor.dispose();
  return { seconds, cpuSeconds: (user + system) / 1e6, bytes, onDevice, grown };
}

function print({ seconds, cpuSeconds, bytes, onDevice, grown }: Loaded): void {
  // Devices other than cpu may have memory of their own.
  const beside = kind === 'cpu' ? grown - onDevice : grown;
  console.log(
    `${kind} ${(bytes / 1e6).toFixed(0)} MB: ${(bytes / 1e9 / seconds).toFixed(2)} GB/s, ${(bytes / 1e9 / cpuSeconds).toFixed(2)} GB/cpu-s; ${(beside / mebi).toFixed(1)} MiB beside the ${(onDevice / mebi).toFixed(0)} MiB on the device, of ${((each * 1e6) / mebi + 64).toFixed(0)} MiB`,
  );
}
