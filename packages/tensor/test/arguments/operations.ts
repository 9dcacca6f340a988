/** Every public operation with arguments that are right, slot by slot. */
import * as espalier from '../../src/index.ts';
import { aText } from '../../src/arguments/index.ts';
import { tensor, type Tensor } from '../../src/index.ts';
import {
  axis,
  boolean,
  callback,
  count,
  finite,
  foreignValues,
  integer,
  list,
  number,
  operand,
  optional,
  options,
  positive,
  probability,
  slot,
  subject,
  tensorSlot,
  type Slot,
} from './slots.ts';

/** An operation and its arguments. */
export interface Operation {
  readonly name: string;
  readonly slots: readonly Slot[];
  readonly call: (args: readonly unknown[]) => unknown;
}

const matrix = (): Tensor =>
  tensor([
    [1, 2, 3],
    [4, 5, 6],
  ]);
const whole = (): Tensor => matrix().cast('i32');
const unsigned = (): Tensor => matrix().cast('u32');
const vector = (): Tensor => tensor([1, 2, 3]);
const image = (): Tensor => espalier.ones([1, 2, 5, 5]);

const x = tensorSlot(matrix);
const anything: Slot = {
  valid: () => 1,
  *variations() {
    for (const [name, value] of foreignValues) yield [name, value, true];
  },
};
const sumOf = slot(
  () =>
    (a: Tensor): Tensor =>
      a.sum(),
  (value) => typeof value === 'function',
);
const anyName = slot(
  () => 'another',
  (value) => typeof value === 'string',
);
/** Bounds per axis; one that is left open may be a hole. */
const bounds = list([optional(integer), optional(integer)], true, true);
/** A handle that is passed on, its value not being asked for. */
const handle = slot(matrix, (value) => value instanceof espalier.Tensor);
const reference = slot(
  () => espalier.createReferenceDevice('arguments'),
  () => false,
);
const dtype = slot(
  () => 'f32',
  () => false,
);
const text = (valid: string): Slot =>
  slot(
    () => valid,
    () => false,
  );
const profilePart = slot(
  () => espalier.profile(() => 1, { peaks: false }).parts[0],
  () => false,
);
const peaksByName = slot(
  () => ({ cpu: { gflops: 1, gigabytes: 1 } }),
  (value) =>
    Object(value) === value &&
    Object.getPrototypeOf(value) === Object.prototype &&
    Object.keys(value as object).length === 0,
);
const shape = list([count, count], true);
const axes = slot(
  () => [0, 1],
  (value) =>
    Object.is(value, -0) ||
    value === -1 ||
    value === undefined ||
    (Array.isArray(value) && value.length === 0 && !(0 in value)),
);
const create = options({ dtype, device: reference }, [], 'ignored');
const device = optional(reference);
/** Left out: the shared one is started anew before each call. */
const generator = slot(
  () => undefined,
  () => false,
);
const random = options({ dtype, device: reference, generator });
const randomOfFixedType = options({ device: reference, generator });
const keepDims = options({ keepDims: boolean });
const indices = tensorSlot(() => tensor([[0, 1, 1]], { dtype: 'i32' }));
const one = slot(
  () => 1,
  (value) => Number.isSafeInteger(value) && (value as number) >= 1,
);
const size2d = slot(
  () => [1, 1],
  (value) => Number.isSafeInteger(value) && (value as number) >= 1,
);
const pads2d = slot(
  () => [0, 0],
  (value) => Number.isSafeInteger(value) && (value as number) >= 0,
);
const windows = { kernel: size2d, stride: size2d, padding: pads2d, ceilMode: boolean };
const maxPool = options({ ...windows, dilation: size2d }, ['kernel']);
const divisor = slot(
  () => 2,
  (value) => Number.isFinite(value) && value !== 0,
);
const avgPool = options({ ...windows, countPadding: boolean, divisor }, ['kernel']);
/** A number, or options that may all be left out. */
const filling: Slot = {
  valid: () => 1,
  *variations() {
    for (const [name, value, accepted] of options({ mode: text('reflect'), value: number }).variations())
      yield [name, value, accepted || typeof value === 'number'];
  },
};
const notNaN = slot(
  () => 1,
  (value) => typeof value === 'number' && !Number.isNaN(value),
);

const unary = [
  'neg', 'abs', 'sign', 'reciprocal', 'square', 'sqrt', 'rsqrt', 'exp', 'exp2', 'expm1', 'log', 'log1p', 'log2', 'log10',
  'sin', 'cos', 'tan', 'asin', 'acos', 'atan', 'sinh', 'cosh', 'tanh', 'asinh', 'acosh', 'atanh', 'erf', 'sigmoid',
  'relu', 'selu', 'silu', 'mish', 'hardSigmoid', 'hardSwish', 'floor', 'ceil', 'trunc', 'isNaN',
  'isInf', 'isFinite', 'logicalNot', 'detach', 'requiresGradients', 't', 'toString', 'realize', 'realizeSync', 'data',
  'dataSync', 'array', 'arraySync', 'bytes', 'bytesSync',
]; // prettier-ignore
const binary = [
  'add', 'sub', 'mul', 'div', 'floorDivide', 'truncDivide', 'remainder', 'pow', 'minimum', 'maximum', 'atan2', 'eq', 'ne', 'lt', 'le',
  'gt', 'ge', 'logicalAnd', 'logicalOr', 'logicalXor',
]; // prettier-ignore
const reductions = ['sum', 'prod', 'max', 'min', 'mean', 'any', 'all', 'logSumExp'];

/** The receiver and slots of each method of tensors. */
const methods: Readonly<Record<string, readonly [receiver: () => Tensor, ...slots: Slot[]]>> = {
  ...Object.fromEntries(unary.map((name) => [name, [matrix]])),
  ...Object.fromEntries(binary.map((name) => [name, [matrix, operand]])),
  ...Object.fromEntries(
    ['bitwiseAnd', 'bitwiseOr', 'bitwiseXor', 'shiftLeft', 'shiftRight'].map((name) => [name, [whole, operand]]),
  ),
  ...Object.fromEntries(reductions.map((name) => [name, [matrix, axes, keepDims]])),
  bitwiseNot: [whole],
  softplus: [
    matrix,
    options({
      beta: slot(
        () => 1,
        (value) => Number.isFinite(value) && (value as number) > 0,
      ),
      threshold: finite,
    }),
  ],
  round: [
    matrix,
    optional(
      slot(
        () => 1,
        (value) => Number.isInteger(value) && Math.abs(value as number) <= 300,
      ),
    ),
  ],
  multiplyHigh: [unsigned, operand],
  leakyRelu: [matrix, optional(finite)],
  elu: [matrix, optional(finite)],
  gelu: [matrix, options({ approximate: text('tanh') })],
  clamp: [
    matrix,
    optional(
      slot(
        () => 0,
        (value) => typeof value === 'number',
      ),
    ),
    optional(number),
  ],
  lerp: [matrix, operand, operand],
  where: [matrix, x, operand],
  maskedFill: [matrix, x, number],
  cast: [matrix, dtype],
  bitcast: [matrix, text('i32')],
  var: [
    matrix,
    axes,
    options({
      keepDims: boolean,
      correction: slot(
        () => 1,
        (value) => Number.isFinite(value) && (value as number) >= 0,
      ),
    }),
  ],
  std: [
    matrix,
    axes,
    options({
      keepDims: boolean,
      correction: slot(
        () => 1,
        (value) => Number.isFinite(value) && (value as number) >= 0,
      ),
    }),
  ],
  norm: [matrix, optional(notNaN), axes, keepDims],
  argmax: [matrix, optional(axis), keepDims],
  argmin: [matrix, optional(axis), keepDims],
  reshape: [
    matrix,
    slot(
      () => [3, 2],
      (value) => value === -1,
    ),
  ],
  flatten: [matrix, optional(axis), optional(axis)],
  squeeze: [() => espalier.ones([1, 1]), axes],
  unsqueeze: [matrix, axis],
  permute: [
    matrix,
    slot(
      () => [1, 0],
      () => false,
    ),
  ],
  transpose: [matrix, axis, axis],
  expand: [matrix, list([count, sizeTo(2), sizeTo(3)])],
  broadcastTo: [matrix, list([count, sizeTo(2), sizeTo(3)])],
  slice: [matrix, bounds, optional(bounds), optional(bounds)],
  sliceWith: [
    matrix,
    options({ start: list([count, count]), count: list([count, count]), step: list([integer, integer]) }, [
      'start',
      'count',
      'step',
    ]),
  ],
  narrow: [matrix, axis, integer, count],
  upTo: [
    matrix,
    axis,
    slot(
      () => tensor(1, { dtype: 'i32' }),
      (value) => value === 0,
    ),
  ],
  lengthAlong: [matrix, axis],
  select: [matrix, axis, integer],
  flip: [matrix, axes],
  pad: [matrix, list([list([integer, integer])], true), filling],
  padWith: [
    matrix,
    options(
      { widths: list([list([count, count]), list([count, count])]), interior: list([count, count]), value: number },
      ['widths', 'interior', 'value'],
    ),
  ],
  tile: [matrix, list([count, count], true)],
  repeatInterleave: [matrix, count, axis],
  split: [matrix, positive, optional(axis)],
  chunk: [matrix, positive, optional(axis)],
  windows: [matrix, list([one], true), options({ stride: size1d(), dilation: size1d() })],
  matmul: [matrix, tensorSlot(vector)],
  dot: [vector, tensorSlot(vector)],
  outer: [vector, tensorSlot(vector)],
  convolutionGradient: [
    image,
    text('forward'),
    tensorSlot(() => espalier.ones([2, 2, 2, 2])),
    options(
      {
        batch: exactly(1), groups: exactly(1), inChannels: exactly(2), outChannels: exactly(2), inSize: exactly([5, 5]),
        outSize: exactly([4, 4]), kernel: exactly([2, 2]), stride: exactly([1, 1]), padding: exactly([0, 0]), dilation: exactly([1, 1]),
      },
      ['batch', 'groups', 'inChannels', 'outChannels', 'inSize', 'outSize', 'kernel', 'stride', 'padding', 'dilation'],
    ), // prettier-ignore
  ],
  softmax: [matrix, optional(axis)],
  logSoftmax: [matrix, optional(axis)],
  take: [matrix, tensorSlot(() => tensor([0, 1], { dtype: 'i32' })), optional(axis)],
  gather: [matrix, axis, indices],
  scatterAdd: [matrix, axis, indices, tensorSlot(() => tensor([[1, 1, 1]]))],
  scatterInto: [() => tensor([[1, 1, 1]]), indices, axis, list([count, count])],
  scatterSlices: [matrix, tensorSlot(() => tensor([0, 1], { dtype: 'i32' })), axis, list([count, count])],
  oneHot: [
    () => tensor([0, 2], { dtype: 'i32' }),
    slot(
      () => 3,
      (value) => Number.isSafeInteger(value) && ((value as number) >= 3 || value === 0),
    ),
  ],
  cumsum: [matrix, axis],
  cumprod: [matrix, axis],
  sort: [matrix, optional(axis), options({ descending: boolean })],
  argsort: [matrix, optional(axis), options({ descending: boolean })],
  topK: [matrix, count, optional(axis), options({ largest: boolean })],
  filled: [matrix, shape, number],
  to: [matrix, reference],
  assign: [matrix, x],
  item: [() => tensor(1)],
  itemSync: [() => tensor(1)],
  backward: [() => tensor(1).requiresGradients().mul(2)],
  dispose: [matrix],
};

/** The size of an axis that a tensor is repeated to; -1 keeps it. */
function sizeTo(size: number): Slot {
  return slot(
    () => size,
    (value) => value === -1,
  );
}

/** A part of a geometry: it is this or wrong. */
function exactly(value: unknown): Slot {
  return slot(
    () => value,
    () => false,
  );
}

function size1d(): Slot {
  return slot(
    () => [1],
    (value) => Number.isSafeInteger(value) && (value as number) >= 1,
  );
}

const description = {
  name: 'double',
  inputs: 1,
  outputs: ([first]: readonly unknown[]): readonly unknown[] => [first],
  reference: (_: unknown, [from]: readonly Float64Array[], [to]: readonly Float64Array[]): void => {
    from?.forEach((value, index) => to?.fill(2 * value, index, index + 1));
  },
};

const nested = slot(
  () => [[1, 2]],
  (value) => {
    if (typeof value === 'number' || typeof value === 'boolean' || value instanceof Float32Array) return true;
    return (
      Array.isArray(value) &&
      [...value].every((element) => typeof element === 'number' || (Array.isArray(element) && element.length === 0))
    );
  },
);

const two = slot(
  () => 2,
  () => false,
);
const format = slot(
  () => espalier.int8,
  () => false,
);
const arrays = options(
  {
    codes: options(
      {
        dtype: text('i8'),
        shape: list([two, two]),
        data: slot(
          () => Int8Array.of(1, 2, 3, 4),
          () => false,
        ),
      },
      ['dtype', 'shape', 'data'],
      'ignored',
    ),
    scales: slot(
      () => ({ dtype: 'f32', shape: [2], data: Float32Array.of(1, 2) }),
      () => false,
    ),
  },
  ['codes', 'scales'],
);
const inFormat = (): espalier.EncodedMatrix =>
  espalier.matrixFromArrays(
    espalier.csr,
    [2, 3],
    espalier.csr.encode(Float32Array.of(1, 0, 2, 0, 3, 0), [2, 3], { values: 'f32' }),
  );

const shapeOnly = slot(
  () =>
    (input?: Tensor): espalier.Shape | undefined =>
      input?.shape,
  (value) => typeof value === 'function',
);

/** The slots of each exported function. */
const functions: Readonly<Record<string, readonly Slot[]>> = {
  assignAt: [x, axis, count, tensorSlot(() => tensor([[7, 8, 9]]))],
  dryRun: [list([options({ shape, dtype, device: reference }, ['shape'])], true), shapeOnly],
  multiplyAccumulates: [x, optional(list([x], true))],
  axisGraph: [x],
  tensor: [nested, create],
  fromTyped: [
    slot(
      () => new Float32Array([1, 2]),
      (value) => value instanceof Float32Array,
    ),
    optional(
      list([
        slot(
          () => 2,
          () => false,
        ),
      ]),
    ),
    create,
  ],
  fromBytes: [
    slot(
      () => new Uint8Array(8),
      () => false,
    ),
    list([
      slot(
        () => 2,
        () => false,
      ),
    ]),
    options({ dtype, device: reference }, ['dtype'], 'ignored'),
  ],
  fromChunks: [
    slot(
      () => [new Uint8Array(8)],
      () => false,
    ),
    list([
      slot(
        () => 2,
        () => false,
      ),
    ]),
    options({ dtype, device: reference }, ['dtype']),
  ],
  full: [shape, number, create],
  zeros: [shape, create],
  ones: [shape, create],
  fullLike: [x, number, create],
  zerosLike: [x, create],
  onesLike: [x, create],
  warnOnce: [subject, slot(() => 'a notice', aText.holds)],
  kMeans: [
    slot(
      () => new Float32Array([1, 2]),
      (value) => value instanceof Float32Array,
    ),
    slot(
      () => 2,
      (value) => Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 256,
    ),
    options({ start: text('exact'), generator }),
  ],
  encodeMatrix: [x, format, options({ scales: text('row') })],
  matrixFromArrays: [
    format,
    list([two, two]),
    options(
      { settings: options({ scales: text('row') }, ['scales'], 'ignored'), arrays },
      ['settings', 'arrays'],
      'ignored',
    ),
    options({ device: reference }),
  ],
  chooseKernel: [
    slot(inFormat, () => false),
    options({ rows: count, windows: boolean, mayKeepDense: boolean }, ['rows']),
  ],
  rowSumsToKeep: [slot(inFormat, () => false), finite],
  denseToKeep: [
    slot(inFormat, () => false),
    slot(
      () => [2, 3],
      () => false,
    ),
  ],
  arange: [finite, optional(finite), optional(finite), create],
  linspace: [finite, finite, count, create],
  eye: [count, optional(count), create],
  concat: [list([x, x]), optional(axis)],
  stack: [list([x, x]), optional(axis)],
  where: [x, operand, operand],
  einsum: [text('ij,ij->i'), x, x],
  conv2d: [
    tensorSlot(image),
    tensorSlot(() => espalier.ones([2, 2, 2, 2])),
    options({
      bias: tensorSlot(() => espalier.ones([2])),
      stride: size2d,
      padding: pads2d,
      dilation: size2d,
      groups: one,
    }),
  ],
  maxPool2d: [tensorSlot(image), maxPool],
  avgPool2d: [tensorSlot(image), avgPool],
  layerNorm: [
    x,
    options({
      axes,
      weight: tensorSlot(vector),
      bias: tensorSlot(vector),
      epsilon: slot(
        () => 1e-5,
        (value) => Number.isFinite(value) && (value as number) >= 0,
      ),
    }),
  ],
  rmsNorm: [
    x,
    options({
      axes,
      weight: tensorSlot(vector),
      epsilon: slot(
        () => 1e-5,
        (value) => Number.isFinite(value) && (value as number) >= 0,
      ),
    }),
  ],
  scaledDotProductAttention: [
    x,
    x,
    x,
    options({
      causal: boolean,
      mask: tensorSlot(() => tensor([true, false])),
      bias: tensorSlot(() => tensor([0.5, -0.5])),
      scale: finite,
    }),
  ],
  batchNorm: [
    x,
    options({
      weight: tensorSlot(vector),
      bias: tensorSlot(vector),
      mean: tensorSlot(vector),
      variance: tensorSlot(vector),
      epsilon: slot(
        () => 1e-5,
        (value) => Number.isFinite(value) && (value as number) >= 0,
      ),
    }),
  ],
  asFloat: [x],
  inDType: [x, text('f32')],
  massTimes: [x, x],
  crossEntropy: [
    x,
    tensorSlot(() => tensor([0, 2], { dtype: 'i32' })),
    options(
      {
        reduction: text('sum'),
        labelSmoothing: probability,
        ignoreIndex: integer,
        weight: list([number, number, number]),
      },
      [],
      'ignored',
    ),
  ],
  reduceLoss: [handle, optional(text('none'))],
  dropout: [
    x,
    slot(
      () => 0.5,
      (value) => typeof value === 'number' && value >= 0 && value < 1,
    ),
    options({ generator }),
  ],
  rand: [shape, random],
  randn: [shape, random],
  uniform: [shape, options({ low: finite, high: finite }), random],
  normal: [shape, options({ mean: finite, std: finite }), random],
  truncatedNormal: [shape, options({ mean: finite, std: finite, low: number, high: number }), random],
  randint: [integer, slot(() => 9, isSafe), shape, random],
  bernoulli: [probability, shape, randomOfFixedType],
  permutation: [count, randomOfFixedType],
  randomBits: [shape, randomOfFixedType],
  manualSeed: [count],
  promote: [dtype, dtype],
  wideFloat: [dtype],
  isFloat: [dtype],
  broadcastShapes: [
    slot(
      () => 'test',
      (value) => typeof value === 'string',
    ),
    shape,
    shape,
  ],
  sizeOf: [shape],
  configure: [options({ checkIndices: boolean })],
  checkIndices: [
    anyName,
    indices,
    slot(
      () => 3,
      (value) => Number.isSafeInteger(value) && (value as number) >= 2,
    ),
    options({ ignored: integer }),
  ],
  grad: [sumOf, options({ arguments: list([count], true) })],
  valueAndGrad: [sumOf, options({ arguments: list([count], true) })],
  noGrad: [
    slot(
      () => () => 1,
      (value) => typeof value === 'function',
    ),
  ],
  customGradient: [options({ forward: callback, backward: callback }, ['forward', 'backward'])],
  checkpoint: [callback],
  compile: [callback],
  explain: [callback],
  planReport: [callback],
  profile: [
    slot(
      () => () => 1,
      (value) => typeof value === 'function',
    ),
    options({ name: anyName, peaks: boolean }),
  ],
  measurePeaks: [reference],
  profileOf: [list([profilePart], true), optional(peaksByName)],
  scope: [
    slot(
      () => () => 1,
      (value) => typeof value === 'function',
    ),
  ],
  keep: [handle],
  isTensor: [anything],
  memory: [device],
  setDefaultDevice: [
    slot(
      () => espalier.cpu(),
      () => false,
    ),
  ],
  withDevice: [
    reference,
    slot(
      () => () => 1,
      (value) => typeof value === 'function',
    ),
  ],
  device: [optional(text('cpu'))],
  cpu: [],
  defaultDevice: [],
  openDevices: [],
  defaultGenerator: [],
  gradients: [
    tensorSlot(() => matrix().requiresGradients().sum()),
    list([x], true),
    options({ gradOutput: tensorSlot(() => tensor(1)), differentiable: boolean, retainGraph: boolean }),
  ],
  defineKernel: [
    options(
      {
        name: anyName,
        inputs: one,
        outputs: slot(
          () => description.outputs,
          (value) => typeof value === 'function',
        ),
        reference: slot(
          () => description.reference,
          (value) => typeof value === 'function',
        ),
        scratch: slot(
          () => () => [4],
          (value) => typeof value === 'function',
        ),
        decompose: slot(
          () => (inputs: unknown) => inputs,
          (value) => typeof value === 'function',
        ),
      },
      ['name', 'inputs', 'outputs', 'reference'],
    ),
  ],
  defineElementwise: [
    options(
      {
        name: anyName,
        summary: anyName,
        arity: one,
        meaning: slot(
          () => (a: unknown) => a,
          () => false,
        ),
      },
      ['name', 'summary', 'arity', 'meaning'],
    ),
  ],
  createReferenceDevice: [optional(anyName)],
  createCpuDevice: [
    options({
      name: anyName,
      maximumBytes: slot(
        () => 2 ** 20,
        (value) => Number.isSafeInteger(value) && (value as number) > 0,
      ),
    }),
  ],
  createWebGpuDevice: [
    options(
      {
        gpu: slot(
          () => ({}),
          () => false,
        ),
      },
      ['gpu'],
    ),
  ],
};

function isSafe(value: unknown): boolean {
  return Number.isSafeInteger(value);
}

/** Exported classes that callers construct, with their slots. */
const constructors: Readonly<Record<string, readonly Slot[]>> = {
  Generator: [count],
  Tensor: [
    slot(
      () => matrix().node,
      () => false,
    ),
  ],
};

/** What a call made by `compile`, `grad` and the like takes. */
const made: Readonly<Record<string, readonly [make: () => unknown, ...slots: Slot[]]>> = {
  'grad(fn)': [() => espalier.grad((a: Tensor) => a.sum()), x],
  'valueAndGrad(fn)': [() => espalier.valueAndGrad((a: Tensor) => a.sum()), x],
  'checkpoint(fn)': [() => espalier.checkpoint((a: Tensor) => a.mul(2)), x],
  'customGradient(fn)': [() => espalier.customGradient({ forward: (a) => a.mul(2), backward: (g) => [g] }), x],
  'a kernel': [() => espalier.defineKernel(description as never), list([x])],
  'an element-wise op': [
    () => espalier.defineElementwise({ name: 'same', summary: 'a', arity: 1, meaning: (a) => a }),
    list([x]),
  ],
  'a matrix in a format times': [
    () => (a: Tensor, how: espalier.EncodedMatmulOptions) => inFormat().matmul(a, how),
    tensorSlot(vector),
    options({ activations: text('int8') }),
  ],
  'a matrix in a format after': [
    () => (a: Tensor, how: espalier.EncodedMatmulOptions) => inFormat().after(a, how),
    tensorSlot(() => tensor([1, 2])),
    options({ activations: text('int8') }),
  ],
  'rows of a matrix in a format': [
    () => (a: Tensor) => inFormat().take(a),
    tensorSlot(() => tensor([1, 0], { dtype: 'i32' })),
  ],
  'a matrix in a format with': [
    () => (a: Record<string, Tensor>) => inFormat().with(a).toDense(),
    options({ values: tensorSlot(vector) }),
  ],
  'a matrix in a format to': [() => (to: espalier.Device) => inFormat().to(to), reference],
  'a generator': [
    () => (state: espalier.GeneratorState) => new espalier.Generator(1).setState(state),
    options({ seed: count, draws: count }, ['seed', 'draws']),
  ],
};

type Callable = (...args: readonly unknown[]) => unknown;

/** All of them. */
export const operations: readonly Operation[] = [
  ...Object.entries(methods).map(([name, [receiver, ...slots]]): Operation => ({
    name: `Tensor.${name}`,
    slots,
    call: (args) => {
      const self = receiver();
      return (Reflect.get(self, name) as Callable).apply(self, [...args]);
    },
  })),
  ...Object.entries(functions).map(([name, slots]): Operation => ({
    name,
    slots,
    call: (args) => (Reflect.get(espalier, name) as Callable)(...args),
  })),
  ...Object.entries(constructors).map(([name, slots]): Operation => ({
    name: `new ${name}`,
    slots,
    call: (args) => Reflect.construct(Reflect.get(espalier, name) as new () => object, args) as object,
  })),
  ...Object.entries(made).map(([name, [make, ...slots]]): Operation => ({
    name,
    slots,
    call: (args) => (make() as Callable)(...args),
  })),
];

/** Methods that are this package's own affair: private in TypeScript, or for its runtime. */
export const internalMethods: ReadonlySet<string> = new Set([
  'constructor', 'rebind', 'fold', 'dropReduced', 'firstExtremum', 'move', 'batched', 'scatter', 'scan', 'storage',
  'checkSingle', 'settleBeforeAssign', 'toJSON',
]); // prettier-ignore

/** Exports that are no operations: tables and formats. Classes of errors are known by their names. */
export const tables: ReadonlySet<string> = new Set([
  'dtypeNames', 'dtypes', 'opTable', 'scalar', 'bitmask', 'blockSparse', 'codebook', 'csr', 'int4', 'int8', 'intN', 'nOfM',
  'clusterStarts',
]); // prettier-ignore
