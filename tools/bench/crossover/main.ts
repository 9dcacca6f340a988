/**
 * What products with matrices in a format take beside dense ones, and the costs that this comes to, beside those that the
 * device states and chooses by: `npm run bench:crossover -- [--device cpu] [--rounds N]`.
 *
 * Prints a line for each product: microseconds from the arrays and dense, both as measured and by the costs that are stated,
 * and what those choose; how often the choice was the slower one, and what that took; and the costs as they are fitted to the
 * times, to be put in the place of those that are stated. Times are of the processor, the least of all rounds, and of the
 * clock on a graphics card.
 */
import { device as open, type DeviceName } from '@espalier/tensor';
import {
  productTime,
  windowsTime,
  type EncodedCosts,
  type ProductCost,
} from '../../../packages/tensor/src/device/encoded-costs.ts';
import type { EncodedLayout } from '../../../packages/tensor/src/kernel/spec.ts';
import { commandLine } from '../command-line.mjs';
import { errorOf, fitProduct, leastSquares, roundCost, type Timing } from './fit.ts';
import { timedProducts, type TimedProduct } from './products.ts';

const { option, wholeNumbers } = commandLine('bench:crossover', { device: 'cpu', rounds: '5' });
const [rounds = 0] = wholeNumbers('rounds') ?? [];
const device = await open(option('device') as DeviceName);
const onProcessor = device.capabilities.synchronousRead || /llvmpipe|swiftshader|software/i.test(device.description);

type Timed = TimedProduct & { readonly time: number };

const all: Timed[] = [];
const mistakes: number[] = [];
console.log(`${device.name}: ${device.description}; microseconds, measured and (by the costs that are stated)`);
for await (const group of timedProducts(device)) {
  // A process gets faster as it runs.
  if (all.length === 0) await leastOf(group);
  const times = await leastOf(group);
  const timed = group.map((product, at) => ({ ...product, time: times[at] ?? 0 }));
  all.push(...timed);
  const [dense, ...stored] = timed;
  if (dense) for (const product of stored) print(product, dense);
}
const slower = mistakes.filter((ratio) => ratio > 1.1);
console.log(
  `\nof ${mistakes.length} choices ${slower.length} took over 1.1 times what the other takes, the worst ${Math.max(...mistakes).toFixed(2)} times`,
);
printCosts(fitAll());

/** The least time of one run of each, in turns, in microseconds. */
async function leastOf(group: readonly TimedProduct[]): Promise<number[]> {
  const counts: number[] = [];
  for (const product of group) {
    // The first runs compile.
    await repeat(product, 10);
    counts.push(Math.max(1, Math.min(400, Math.round(4000 / ((await repeat(product, 2)) + 10)))));
  }
  const least = group.map(() => Infinity);
  for (let round = 0; round < rounds; round++)
    for (const [at, product] of group.entries())
      least[at] = Math.min(least[at] ?? 0, await repeat(product, counts[at] ?? 1));
  return least;
}

async function repeat({ run }: TimedProduct, count: number): Promise<number> {
  await device.synchronize();
  const [clock, begin] = [performance.now(), process.cpuUsage()];
  for (let turn = 0; turn < count; turn++) run().realizeSync().dispose();
  await device.synchronize();
  const { user, system } = process.cpuUsage(begin);
  return (onProcessor ? user + system : (performance.now() - clock) * 1000) / count;
}

function statedTime({ layout, isConvolution, sizes }: TimedProduct, costs: EncodedCosts): number {
  if (layout === 'dense') return productTime(isConvolution ? costs.convolution : costs.dense, sizes);
  return isConvolution ? windowsTime(costs, layout, sizes) : productTime(costs.stored[layout], sizes);
}

function print(own: Timed, dense: Timed): void {
  const costs = device.encodedCosts;
  const shown = (product: Timed): string =>
    `${product.time.toFixed(0).padStart(6)} ${`(${costs ? statedTime(product, costs).toFixed(0) : '?'})`.padStart(7)}`;
  const isOwn = !costs || statedTime(own, costs) <= statedTime(dense, costs);
  const ratio = isOwn ? own.time / dense.time : dense.time / own.time;
  if (costs) mistakes.push(ratio);
  console.log(
    `${own.shape.padEnd(28)} ${own.layout.padEnd(8)} ${own.sizes.density.toFixed(2)}  own ${shown(own)}  dense ${shown(dense)}  ${isOwn ? 'own' : 'dense'} runs${ratio > 1.1 ? `, ${ratio.toFixed(2)} times slower` : ''}`,
  );
}

/** Costs fitted to all times: of products first, which convolutions from arrays are made of. */
function fitAll(): EncodedCosts {
  const of = (layout: string, isConvolution: boolean): Timing[] =>
    all.filter((each) => each.layout === layout && each.isConvolution === isConvolution);
  const layouts = [...new Set(all.map(({ layout }) => layout))].filter((layout) => layout !== 'dense');
  const stored = Object.fromEntries(layouts.map((layout) => [layout, fitProduct(of(layout, false))])) as Record<
    EncodedLayout,
    ProductCost
  >;
  const laidOut = all.filter(({ layout, isConvolution }) => isConvolution && layout !== 'dense');
  // What is left of a time without the product.
  const rest = laidOut.map(({ layout, sizes, time }) => ({
    left: time - productTime(stored[layout as EncodedLayout], sizes),
    elements: sizes.rows * sizes.depth,
  }));
  const positive = rest.filter(({ left }) => left > 0);
  const [call = 0, each = 0] = leastSquares(
    positive.map(({ left, elements }) => [1 / left, elements / 1000 / left]),
    [true, true],
  );
  return {
    dense: fitProduct(of('dense', false)),
    convolution: fitProduct(of('dense', true)),
    windows: { call: roundCost(call), each: roundCost(each) },
    stored,
  };
}

function printCosts(fitted: EncodedCosts): void {
  const line = (name: string, cost: object | undefined): string =>
    `  ${name.padEnd(12)} ${
      cost === undefined
        ? 'none'
        : JSON.stringify(cost)
            .replaceAll('"', '')
            .replaceAll(/([:,])/gu, '$1 ')
    }`;
  const compare = (name: string, own: ProductCost, timings: readonly Timing[], stated?: ProductCost): void => {
    const off = (cost: ProductCost): string => `off by ${(100 * Math.sqrt(errorOf(cost, timings))).toFixed(0)} %`;
    console.log(`${line(name, own)}  ${off(own)}`);
    console.log(`${line('  stated', stated)}  ${stated ? off(stated) : ''}`);
  };
  const stated: Partial<EncodedCosts> = device.encodedCosts ?? {};
  console.log('\ncosts, as fitted and as the device states them');
  const of = (layout: string, isConvolution = false): Timing[] =>
    all.filter((each) => each.layout === layout && each.isConvolution === isConvolution);
  compare('dense', fitted.dense, of('dense'), stated.dense);
  compare('convolution', fitted.convolution, of('dense', true), stated.convolution);
  console.log(line('windows', fitted.windows));
  console.log(line('  stated', stated.windows));
  for (const [layout, cost] of Object.entries(fitted.stored) as [EncodedLayout, ProductCost][])
    compare(layout, cost, of(layout), stated.stored?.[layout]);
}
