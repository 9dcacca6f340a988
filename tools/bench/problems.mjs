/** The workloads: seeded inputs that are the same numbers for every engine, and what a run of them is counted in. */

/** @typedef {{ itemsPerStep: number, unit: string }} Counted what a step is counted in */
/** @typedef {{ in: number, out: number, weight: Float32Array, bias: Float32Array }} Layer */
/** @typedef {Counted & { batch: number, layers: readonly Layer[], images: Float32Array, labels: Int32Array, learningRate: number }} Mlp */
/** @typedef {Counted & { size: number, a: Float32Array, b: Float32Array }} Matmul */
/** @typedef {{ step(): unknown, check(): Promise<number> }} Run a step of a workload, and the figure to check it by */
/** @typedef {{ name(): string, mlp(problem: Mlp): Run, matmul(problem: Matmul): Run }} Adapter an engine */
/** @typedef {{ name: string, milliseconds: number } & Counted} Timing what an engine's process prints */
/**
 * @typedef {object} Workload
 * @property {() => Counted & { run(adapter: Adapter): Run, expected(): number }} make its inputs, how an engine runs them,
 *   and what the first step must yield, in doubles: a loss, or one element of the product
 */

/**
 * mulberry32: small, and the same everywhere.
 *
 * @param {number} seed
 */
function stream(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** @type {(length: number, draw: () => number) => Float32Array} */
const filled = (length, draw) => Float32Array.from({ length }, draw);

/**
 * LeNet-300-100 on MNIST-sized input: forward, backward and a plain SGD update, batch 128.
 *
 * @returns {Mlp}
 */
function mlp() {
  const sizes = [784, 300, 100, 10];
  const batch = 128;
  const next = stream(1);
  const normal = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  const layers = sizes.slice(1).map((out, index) => {
    const from = sizes[index] ?? 0;
    const scale = Math.sqrt(2 / from);
    return {
      in: from,
      out,
      weight: filled(from * out, () => normal() * scale),
      bias: new Float32Array(out),
    };
  });
  const labels = Int32Array.from({ length: batch }, () => Math.floor(next() * 10));
  const images = filled(batch * 784, next);
  return { batch, layers, images, labels, learningRate: 0.05, itemsPerStep: batch, unit: 'images/s' };
}

/**
 * A square product, kept on the engine.
 *
 * @param {number} size
 * @returns {Matmul}
 */
function matmul(size) {
  const next = stream(size);
  const entry = () => next() - 0.5;
  return {
    size,
    a: filled(size * size, entry),
    b: filled(size * size, entry),
    itemsPerStep: (2 * size ** 3) / 1e9,
    unit: 'GFLOP/s',
  };
}

/** @type {(size: number) => Workload} */
const product = (size) => ({
  make: () => {
    const problem = matmul(size);
    return { ...problem, run: (adapter) => adapter.matmul(problem), expected: () => oneElement(problem) };
  },
});

/** @type {Readonly<Record<string, Workload>>} */
export const problems = {
  mlp: {
    make: () => {
      const problem = mlp();
      return { ...problem, run: (adapter) => adapter.mlp(problem), expected: () => firstLoss(problem) };
    },
  },
  'matmul-256': product(256),
  'matmul-512': product(512),
  'matmul-1024': product(1024),
};

/** @param {ArrayLike<number>} list  @param {number} index */
const at = (list, index) => list[index] ?? Number.NaN;

/** @param {Matmul} problem */
function oneElement({ size, a, b }) {
  let sum = 0;
  for (let k = 0; k < size; k++) sum += at(a, size + k) * at(b, k * size + 2);
  return sum;
}

/** @param {Mlp} problem */
function firstLoss({ batch, layers, images, labels }) {
  let loss = 0;
  for (let row = 0; row < batch; row++) {
    let values = Float64Array.from(images.subarray(row * 784, row * 784 + 784));
    for (const [index, layer] of layers.entries()) {
      const inputs = values;
      values = Float64Array.from({ length: layer.out }, (_, column) => {
        let sum = at(layer.bias, column);
        for (let k = 0; k < layer.in; k++) sum += at(inputs, k) * at(layer.weight, k * layer.out + column);
        return index < layers.length - 1 ? Math.max(sum, 0) : sum;
      });
    }
    const top = Math.max(...values);
    loss += top + Math.log(values.reduce((sum, value) => sum + Math.exp(value - top), 0)) - at(values, at(labels, row));
  }
  return loss / batch;
}
