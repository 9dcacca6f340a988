// A replay of a step makes nothing in JavaScript memory but what it hands to its caller.
import { getHeapStatistics } from 'node:v8';
import { describe, expect, test } from 'vitest';
import { hostCollector } from '../../src/device/host-collector.ts';
import { assignAt, compile, conv2d, createCpuDevice, ones, randn, tensor, type Tensor } from '../../src/index.ts';

const device = createCpuDevice({ name: 'cpu:replays' });
const drawn = (...shape: number[]): Tensor => randn(shape, { device }).realizeSync();

const callsInWindow = 2000;

/** Bytes that a call leaves behind: the median of several windows, of which a collection may fall into few. */
function bytesOfCall(call: () => void): number {
  // The engine compiles hot code again, and what it knew of it is garbage then.
  for (let turn = 0; turn < 20_000; turn++) call();
  hostCollector()?.collect();
  const windows = Array.from({ length: 15 }, () => {
    const before = getHeapStatistics().used_heap_size;
    for (let turn = 0; turn < callsInWindow; turn++) call();
    return (getHeapStatistics().used_heap_size - before) / callsInWindow;
  });
  return windows.toSorted((a, b) => a - b)[7] as number;
}

/** The statistics themselves are an object, of which each call in a window gets its share. */
const almostNothing = 2;

let kept: readonly unknown[] = [];
/** A function of any arguments has a list of them, which the engine makes before the call, if it does not see through it. */
const keepArguments = (...args: readonly unknown[]): void => {
  kept = args;
};

describe('a replay leaves nothing in JavaScript memory but the list of its arguments', () => {
  const [x, first, second, target] = [drawn(40, 20), drawn(20, 130), drawn(130, 10), drawn(40, 10)];
  const [images, filters] = [drawn(2, 3, 8, 8), drawn(4, 3, 3, 3)];
  const [pairs, edge] = [drawn(2, 2, 8, 8), drawn(2, 1, 3, 3)];
  const [table, places] = [drawn(50, 8), tensor([1, 4, 4, 49], { dtype: 'i32', device }).realizeSync()];
  const cache = drawn(16, 8);

  test.each<[string, () => void]>([
    [
      'of products, sums and maps',
      compile(() => {
        const hidden = x.matmul(first).relu();
        const error = hidden.matmul(second).softmax().sub(target);
        second.assign(second.sub(hidden.t().matmul(error).mul(1e-6)));
        first.assign(first.sub(first.mul(first.mean()).mul(1e-6)));
      }),
    ],
    [
      'of convolutions',
      compile(() => {
        const out = conv2d(images, filters, { padding: 1 }).relu();
        filters.assign(filters.mul(0.999).add(out.mean().mul(1e-6)));
        edge.assign(edge.add(conv2d(pairs, edge, { groups: 2 }).mean().mul(1e-6)));
      }),
    ],
    [
      'of sorts, running sums and rows by index',
      compile(() => {
        const sorted = table.sort(0).values.cumsum(0).mul(1e-6);
        table.assign(
          table.add(sorted).scatterAdd(0, places.reshape([4, 1]).expand([4, 8]), table.take(places).mul(1e-6)),
        );
      }),
    ],
    ['that writes a part in place', compile(() => assignAt(cache, 0, 3, ones([2, 8], { device })))],
  ])('%s', (_, step) => {
    expect(bytesOfCall(step)).toBeLessThan(bytesOfCall(() => keepArguments()) + almostNothing);
  });

  test('that it is given tensors and numbers by', () => {
    const step = compile((input: Tensor, factor: number) => second.assign(second.mul(0.5).add(input.mul(factor))));
    const given = drawn(130, 10);
    const ofList = bytesOfCall(() => keepArguments(given, 3));
    expect(kept).toEqual([given, 3]);
    expect(bytesOfCall(() => step(given, 3))).toBeLessThan(ofList + almostNothing);
  });

  test('and what it returns is what is left', () => {
    const step = compile(() => x.sum());
    expect(bytesOfCall(() => step().dispose())).toBeGreaterThan(almostNothing);
  });
});
