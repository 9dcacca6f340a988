/**
 * Decoding with a cache: `npm run bench:decode`.
 *
 * A model of 30 layers of width 64, 4 heads and a hidden layer of 128 is given one position after the other, up to 512.
 * Each layer writes its key and value into its cache in place, and attends to all positions so far. Printed are the
 * milliseconds a position, by thirds of the way, and how many recordings the step has in the end.
 */
import { assignAt, compile, Generator, memory, randn, tensor, zeros, type Tensor } from '@espalier/tensor';

const [layers, width, heads, hidden, positions] = [30, 64, 4, 128, 512];
const perHead = width / heads;
const generator = new Generator(1);
const weight = (rows: number, columns: number): Tensor =>
  randn([rows, columns], { generator })
    .mul(1 / Math.sqrt(rows))
    .realizeSync();

const model = Array.from({ length: layers }, () => ({
  query: weight(width, width),
  key: weight(width, width),
  value: weight(width, width),
  out: weight(width, width),
  up: weight(width, hidden),
  down: weight(hidden, width),
  keys: zeros([heads, positions, perHead]).realizeSync(),
  values: zeros([heads, positions, perHead]).realizeSync(),
}));

const normal = (x: Tensor): Tensor => x.mul(x.square().mean(-1, { keepDims: true }).add(1e-6).rsqrt());

const step = compile((token: Tensor, position: Tensor) => {
  const length = position.add(1);
  let x = token;
  for (const { query, key, value, out, up, down, keys, values } of model) {
    const h = normal(x);
    const byHead = (y: Tensor): Tensor => y.reshape(heads, 1, perHead);
    assignAt(keys, 1, position, byHead(h.matmul(key)));
    assignAt(values, 1, position, byHead(h.matmul(value)));
    const scores = byHead(h.matmul(query)).matmul(keys.upTo(1, length).transpose(-1, -2));
    const seen = scores
      .mul(1 / Math.sqrt(perHead))
      .softmax(-1)
      .matmul(values.upTo(1, length));
    x = x.add(seen.reshape(1, width).matmul(out));
    x = x.add(normal(x).matmul(up).relu().matmul(down));
  }
  return x;
});

const token = randn([1, width], { generator }).realizeSync();
const sequence = (): number[] =>
  Array.from({ length: positions }, (_, position) => {
    const start = performance.now();
    step(token, tensor(position, { dtype: 'i32' })).dataSync();
    return performance.now() - start;
  });
const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

const [first = 0] = sequence();
const rounds = Array.from({ length: 5 }, sequence);
const part = (from: number, to: number): string => median(rounds.flatMap((times) => times.slice(from, to))).toFixed(3);
console.log(`first position, recording included   ${first.toFixed(0)} ms`);
console.log(`ms a position     1 … 170            ${part(0, 170)}`);
console.log(`                171 … 341            ${part(170, 341)}`);
console.log(`                342 … 512            ${part(341, positions)}`);
console.log(`                  1 … 512, median    ${part(0, positions)}`);
console.log(`recordings                           ${step.recordings}`);
console.log(`MiB on the device                    ${(memory().bytes / 2 ** 20).toFixed(1)}`);
