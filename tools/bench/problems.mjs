/** The workloads: seeded inputs that are the same numbers for every engine, and what a run of them is counted in. */

/** mulberry32: small, and the same everywhere. */
function stream(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const filled = (length, draw) => Float32Array.from({ length }, draw);

/** LeNet-300-100 on MNIST-sized input: forward, backward and a plain SGD update, batch 128. */
function mlp() {
  const sizes = [784, 300, 100, 10];
  const batch = 128;
  const next = stream(1);
  const normal = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  const layers = sizes.slice(1).map((out, index) => {
    const scale = Math.sqrt(2 / sizes[index]);
    return {
      in: sizes[index],
      out,
      weight: filled(sizes[index] * out, () => normal() * scale),
      bias: new Float32Array(out),
    };
  });
  const labels = Int32Array.from({ length: batch }, () => Math.floor(next() * 10));
  const images = filled(batch * 784, next);
  return { batch, layers, images, labels, learningRate: 0.05, itemsPerStep: batch, unit: 'images/s' };
}

/** A square product, kept on the engine. */
const matmul = (size) => () => {
  const next = stream(size);
  const entry = () => next() - 0.5;
  return {
    size,
    a: filled(size * size, entry),
    b: filled(size * size, entry),
    itemsPerStep: (2 * size ** 3) / 1e9,
    unit: 'GFLOP/s',
  };
};

/** By name; adapters export a function of the same kind. */
export const problems = {
  mlp: { kind: 'mlp', make: mlp },
  'matmul-256': { kind: 'matmul', make: matmul(256) },
  'matmul-512': { kind: 'matmul', make: matmul(512) },
  'matmul-1024': { kind: 'matmul', make: matmul(1024) },
};

/** What the first steps must yield, in doubles: losses, or one element of the product. */
export function expected(kind, problem) {
  if (kind === 'matmul') {
    let sum = 0;
    for (let k = 0; k < problem.size; k++) sum += problem.a[problem.size + k] * problem.b[k * problem.size + 2];
    return [sum];
  }
  return [firstLoss(problem)];
}

function firstLoss({ batch, layers, images, labels }) {
  let loss = 0;
  for (let row = 0; row < batch; row++) {
    let values = Float64Array.from(images.subarray(row * 784, row * 784 + 784));
    for (const [index, layer] of layers.entries()) {
      values = Float64Array.from({ length: layer.out }, (_, column) => {
        let sum = layer.bias[column];
        for (let k = 0; k < layer.in; k++) sum += values[k] * layer.weight[k * layer.out + column];
        return index < layers.length - 1 ? Math.max(sum, 0) : sum;
      });
    }
    const top = Math.max(...values);
    loss += top + Math.log(values.reduce((sum, value) => sum + Math.exp(value - top), 0)) - values[labels[row]];
  }
  return loss / batch;
}
