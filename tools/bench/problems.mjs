/** The workloads: seeded inputs that are the same numbers for every engine, and what a run of them is counted in. */
import { encodedElement, encodedProblem } from './encoded.mjs';

/** @typedef {{ itemsPerStep: number, unit: string, tolerance?: number }} Counted what a step is counted in, and how exact it is */
/** @typedef {import('./encoded.mjs').Encoded} Encoded */
/** @typedef {{ in: number, out: number, weight: Float32Array, bias: Float32Array }} Layer */
/** @typedef {Counted & { batch: number, layers: readonly Layer[], images: Float32Array, labels: Int32Array, learningRate: number }} Mlp */
/** @typedef {{ in: number, out: number, weight: Float32Array }} Convolution of 3 by 3, without a bias: weight [out, in, 3, 3] */
/** @typedef {Mlp & { side: number, convolutions: readonly Convolution[] }} Cnn */
/** @typedef {Counted & { size: number, a: Float32Array, b: Float32Array }} Matmul */
/** @typedef {Counted & { rows: number, columns: number, op: 'softmax' | 'transpose', values: Float32Array }} OneOp */
/** @typedef {{ step(): unknown, check(): Promise<number> }} Run a step of a workload, and the figure to check it by */
/** @typedef {{ name(): string, mlp(problem: Mlp): Run, cnn?(problem: Cnn): Run, matmul(problem: Matmul): Run, oneOp(problem: OneOp): Run, encoded?(problem: Encoded): Run | Promise<Run> }} Adapter an engine */
/** @typedef {{ name: string, milliseconds: number } & Counted} Timing what an engine's process prints */
/**
 * @typedef {object} Workload
 * @property {readonly string[]} engines those that can run it
 * @property {() => Counted & { run(adapter: Adapter): Run | Promise<Run>, expected(): number }} make its inputs, how an engine runs them,
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

/** @type {(next: () => number) => (length: number, inputs: number) => Float32Array} Normal weights as He et al. scale them. */
const weights = (next) => (length, inputs) => {
  const scale = Math.sqrt(2 / inputs);
  return filled(length, () => scale * Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()));
};

/** @type {(sizes: readonly number[], next: () => number) => Layer[]} */
const dense = (sizes, next) =>
  sizes.slice(1).map((out, index) => {
    const from = sizes[index] ?? 0;
    return { in: from, out, weight: weights(next)(from * out, from), bias: new Float32Array(out) };
  });

/**
 * Two 3 by 3 convolutions, a 2 by 2 max pooling and two dense layers on MNIST-sized input, as in PyTorch's first
 * example: forward, backward and a plain SGD update, batch 64.
 *
 * @returns {Cnn}
 */
function cnn() {
  const next = stream(2);
  const channels = [1, 8, 16];
  const convolutions = channels.slice(1).map((out, index) => {
    const from = channels[index] ?? 0;
    return { in: from, out, weight: weights(next)(out * from * 9, from * 9) };
  });
  const batch = 64;
  const layers = dense([16 * 12 * 12, 128, 10], next);
  const labels = Int32Array.from({ length: batch }, () => Math.floor(next() * 10));
  const images = filled(batch * 784, next);
  const counted = { itemsPerStep: batch, unit: 'images/s' };
  return { batch, side: 28, convolutions, layers, images, labels, learningRate: 0.05, ...counted };
}

/**
 * LeNet-300-100 on MNIST-sized input: forward, backward and a plain SGD update, batch 128.
 *
 * @returns {Mlp}
 */
function mlp() {
  const batch = 128;
  const next = stream(1);
  const layers = dense([784, 300, 100, 10], next);
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

/**
 * One op on a matrix: a softmax of its rows, or its transpose plus one, so that no engine returns a view.
 *
 * @param {OneOp['op']} op
 * @param {number} rows
 * @param {number} columns
 * @returns {OneOp}
 */
function oneOp(op, rows, columns) {
  const next = stream(rows + columns);
  const values = filled(rows * columns, () => 8 * next() - 4);
  // Counted in bytes that must move: each value is read and written once.
  return { op, rows, columns, values, itemsPerStep: (2 * 4 * rows * columns) / 1e9, unit: 'GB/s' };
}

const engines = ['espalier', 'jax-js', 'tfjs-wasm'];

/** @type {(size: number) => Workload} */
const product = (size) => ({
  engines,
  make: () => {
    const problem = matmul(size);
    return { ...problem, run: (adapter) => adapter.matmul(problem), expected: () => oneElement(problem) };
  },
});

/** @type {(...size: Parameters<typeof oneOp>) => Workload} */
const single = (...size) => ({
  engines,
  make: () => {
    const problem = oneOp(...size);
    return { ...problem, run: (adapter) => adapter.oneOp(problem), expected: () => thirdValue(problem) };
  },
});

/** @type {(...problem: [format: import('./encoded.mjs').EncodedFormat, size: number, rows: number, activations?: 'f32' | 'int8', apart?: number]) => Workload} */
const encoded = (format, size, rows, activations = 'f32', apart = 0) => ({
  engines: [
    'espalier',
    'espalier-dense',
    ...(ortFormats.has(`${format} ${activations}`) && apart === 0 ? ['ort-web'] : []),
  ],
  make: () => {
    const problem = encodedProblem(stream(size + rows), format, size, rows, activations, apart);
    return {
      ...problem,
      run: (adapter) => adapter.encoded?.(problem) ?? refuse(adapter),
      expected: () => encodedElement(problem),
    };
  },
});
/** What onnxruntime has a kernel for. */
const ortFormats = new Set(['int4 f32', 'int8 int8']);

/** @type {[name: string, Workload][]} */
const encodedProblems = /** @type {const} */ (['int8', 'int4', 'csr', '2of4', 'blocks']).flatMap((format) =>
  [1024, 4096].flatMap((size) =>
    [1, 64].map((rows) => [`${format}-${rows === 1 ? 'matvec' : `x${rows}`}-${size}`, encoded(format, size, rows)]),
  ),
);

/**
 * One row of x with matrices that no cache holds, as those of a large model are.
 *
 * @type {[name: string, Workload][]}
 */
const fromMemory = /** @type {const} */ (['int8', 'int4', 'csr', '2of4']).map((format) => [
  `${format}-matvec-4096-memory`,
  encoded(format, 4096, 1, 'f32', 2 ** 29),
]);

/** @type {Readonly<Record<string, Workload>>} */
export const problems = {
  mlp: {
    engines,
    make: () => {
      const problem = mlp();
      return { ...problem, run: (adapter) => adapter.mlp(problem), expected: () => firstLoss(problem) };
    },
  },
  cnn: {
    // tfjs has no gradient of a convolution's weights in WebAssembly.
    engines: ['espalier', 'jax-js'],
    make: () => {
      const problem = cnn();
      return {
        ...problem,
        run: (adapter) => adapter.cnn?.(problem) ?? refuse(adapter),
        expected: () => firstLoss({ ...problem, images: features(problem) }),
      };
    },
  },
  'matmul-256': product(256),
  'matmul-512': product(512),
  'matmul-1024': product(1024),
  softmax: single('softmax', 4096, 1024),
  transpose: single('transpose', 2048, 2048),
  'int8-matmul-1024': encoded('int8', 1024, 1024, 'int8'),
  ...Object.fromEntries([...encodedProblems, ...fromMemory]),
};

/** @type {(adapter: Adapter) => never} */
function refuse(adapter) {
  throw new Error(`${adapter.name()} has no such workload`);
}

/** @param {ArrayLike<number>} list  @param {number} index */
const at = (list, index) => list[index] ?? Number.NaN;

/** @param {OneOp} problem */
function thirdValue({ op, columns, values }) {
  if (op === 'transpose') return at(values, 2 * columns) + 1;
  const row = values.subarray(0, columns);
  const total = row.reduce((sum, value) => sum + Math.exp(value), 0);
  return Math.exp(at(row, 2)) / total;
}

/** @param {Matmul} problem */
function oneElement({ size, a, b }) {
  let sum = 0;
  for (let k = 0; k < size; k++) sum += at(a, size + k) * at(b, k * size + 2);
  return sum;
}

/**
 * What the dense layers of a convolutional network see: convolved, rectified, and pooled at the end.
 *
 * @param {Cnn} problem
 */
function features({ batch, side, convolutions, images }) {
  let [channels, size, values] = [1, side, Float64Array.from(images)];
  for (const { in: from, out, weight } of convolutions) {
    const after = size - 2;
    const next = new Float64Array(batch * out * after * after);
    for (let index = 0; index < next.length; index++) {
      const [x, y] = [index % after, Math.floor(index / after) % after];
      const channel = Math.floor(index / after ** 2) % out;
      const image = Math.floor(index / (out * after ** 2));
      let sum = 0;
      for (let k = 0; k < from * 9; k++) {
        const row = (image * from + Math.floor(k / 9)) * size + y + (Math.floor(k / 3) % 3);
        sum += at(weight, channel * from * 9 + k) * at(values, row * size + x + (k % 3));
      }
      next[index] = Math.max(sum, 0);
    }
    [channels, size, values] = [out, after, next];
  }
  const half = size / 2;
  return Float64Array.from({ length: batch * channels * half * half }, (_, index) => {
    const corner = Math.floor(index / half) * 2 * size + (index % half) * 2;
    return Math.max(...[0, 1, size, size + 1].map((offset) => at(values, corner + offset)));
  });
}

/** @param {Pick<Mlp, 'batch' | 'layers' | 'labels'> & { images: Float32Array | Float64Array }} problem */
function firstLoss({ batch, layers, images, labels }) {
  const inputs = images.length / batch;
  let loss = 0;
  for (let row = 0; row < batch; row++) {
    let values = Float64Array.from(images.subarray(row * inputs, (row + 1) * inputs));
    for (const [index, layer] of layers.entries()) {
      const before = values;
      values = Float64Array.from({ length: layer.out }, (_, column) => {
        let sum = at(layer.bias, column);
        for (let k = 0; k < layer.in; k++) sum += at(before, k) * at(layer.weight, k * layer.out + column);
        return index < layers.length - 1 ? Math.max(sum, 0) : sum;
      });
    }
    const top = Math.max(...values);
    loss += top + Math.log(values.reduce((sum, value) => sum + Math.exp(value - top), 0)) - at(values, at(labels, row));
  }
  return loss / batch;
}
