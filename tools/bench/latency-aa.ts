/**
 * Whether comparisons of latency claim gains that are none:
 * `npm run bench:latency-aa -- [--processes N] [--device NAME]`.
 *
 * Each process is fresh, and compares a model with a copy of itself, with its int8 form, which runs the same dense kernels,
 * and, to show that gains are found, with a model of half its width. Ends with 1 if a copy was called faster or slower.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { build, type ModuleConfig } from '@espalier/nn';
import { compareLatency, copyModel, quantize, runRecipe, type LatencyRatio } from '@espalier/optimize';
import { device, setDefaultDevice, type DeviceName } from '@espalier/tensor';
import { commandLine } from './command-line.mjs';

const { option, wholeNumbers } = commandLine('bench:latency-aa', {
  processes: '20',
  device: 'cpu',
  // Set for the fresh processes.
  part: undefined,
});
const deviceName = option('device') ?? 'cpu';

const inputShape = [1, 28, 28];

const convolutional = (channels: number): ModuleConfig => ({
  type: 'sequential',
  layers: [
    { type: 'conv2d', in: 1, out: channels, kernel: 5 },
    { type: 'relu' },
    { type: 'max-pool2d', size: 2 },
    { type: 'conv2d', in: channels, out: channels * 2, kernel: 5 },
    { type: 'relu' },
    { type: 'max-pool2d', size: 2 },
    { type: 'flatten' },
    { type: 'linear', in: channels * 2 * 4 * 4, out: channels * 8 },
    { type: 'relu' },
    { type: 'linear', in: channels * 8, out: 10 },
  ],
});

const cases = ['itself', 'its int8 form', 'half its width'] as const;
type Ratios = Readonly<Record<(typeof cases)[number], LatencyRatio>>;

async function compareOnce(): Promise<Ratios> {
  setDefaultDevice(await device(deviceName as DeviceName));
  const model = build(convolutional(32), { seed: 1 });
  const against = {
    itself: await copyModel(model),
    'its int8 form': (await runRecipe(model, [quantize()])).model,
    'half its width': build(convolutional(16), { seed: 1 }),
  };
  const ratios: Partial<Record<(typeof cases)[number], LatencyRatio>> = {};
  for (const name of cases) ratios[name] = await compareLatency(model, against[name], { inputShape });
  return ratios as Ratios;
}

function freshProcess(): Ratios {
  const script = fileURLToPath(import.meta.url);
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [...process.execArgv, script, '--part', 'one', '--device', deviceName],
    { encoding: 'utf8', maxBuffer: 2 ** 26 },
  );
  if (status !== 0) throw new Error(`a process ended with ${status}: ${stderr}`);
  return JSON.parse(stdout) as Ratios;
}

const show = ({ ratio, low, high, blocks, verdict }: LatencyRatio): string =>
  `${ratio.toFixed(3)} (${low.toFixed(3)}–${high?.toFixed(3) ?? '…'}, ${blocks} blocks) ${verdict}`;

if (option('part') === 'one') {
  process.stdout.write(JSON.stringify(await compareOnce()));
} else {
  const [processes = 20] = wholeNumbers('processes') ?? [];
  const all: Ratios[] = [];
  for (let number = 1; number <= processes; number++) {
    const ratios = freshProcess();
    all.push(ratios);
    console.log(`process ${number}: ${cases.map((name) => `${name} ${show(ratios[name])}`).join('; ')}`);
  }
  const count = (name: (typeof cases)[number], verdict: LatencyRatio['verdict']): number =>
    all.filter((ratios) => ratios[name].verdict === verdict).length;
  for (const name of cases)
    console.log(
      `against ${name}: called faster ${count(name, 'faster')}, slower ${count(name, 'slower')}, not faster ${count(name, 'not faster')} of ${all.length}`,
    );
  const copies = cases.slice(0, 2);
  process.exitCode = copies.some((name) => count(name, 'not faster') < all.length) ? 1 : 0;
}
