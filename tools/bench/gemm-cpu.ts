/**
 * Rates of the cpu device's kernels on one thread: `node --conditions=@espalier/source --import tsx tools/bench/gemm-cpu.ts [filter]`.
 * Prints the best of several samples of at least 40 ms each, by processor time, which a busy machine disturbs less.
 */
import type { Device } from '../../packages/tensor/src/device/device.ts';
import { createCpuDevice } from '../../packages/tensor/src/devices/cpu/cpu-device.ts';
import { dtypes } from '../../packages/tensor/src/dtype/dtype.ts';
import type {
  Access,
  Binding,
  Conv2dSpec,
  KernelSpec,
  LoopInstruction,
  LoopSpec,
  MatmulSpec,
} from '../../packages/tensor/src/kernel/spec.ts';

const device: Device = createCpuDevice();
const filter = process.argv[2] ?? '';

/** Processor seconds of one run. */
function time(spec: KernelSpec, sizes: readonly number[]): number {
  const buffers = sizes.map((size, i) => {
    const { bytes, view } = dtypes[spec.bindings[i]?.dtype ?? 'f32'];
    const raw = new Uint8Array(size * bytes);
    const values = view(raw.buffer, 0, size);
    for (let at = 0; at < size; at++) values[at] = ((at * 7919) % 1000) / 1000;
    const buffer = device.allocate(raw.byteLength);
    device.write(buffer, 0, raw);
    return buffer;
  });
  const call = [
    {
      kernel: device.prepare(spec),
      ranges: buffers.map((buffer) => ({ buffer, byteOffset: 0, byteLength: buffer.bytes })),
    },
  ];
  const sample = (repeats: number): number => {
    const start = process.cpuUsage();
    for (let i = 0; i < repeats; i++) device.run(call);
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1000;
  };
  // The engine compiles hot code again in the background: warm up by time, not by count.
  for (const start = performance.now(); performance.now() - start < 150;) device.run(call);
  let repeats = 1;
  while (sample(repeats) < 40) repeats *= 2;
  const best = Math.min(...Array.from({ length: 6 }, () => sample(repeats)));
  for (const buffer of buffers) device.free(buffer);
  return best / repeats / 1000;
}

function report(name: string, work: number, unit: string, spec: KernelSpec, sizes: readonly number[]): void {
  if (!name.includes(filter)) return;
  if (!device.accepts(spec)) return console.log(`${name.padEnd(36)} not accepted`);
  const seconds = time(spec, sizes);
  console.log(
    `${name.padEnd(36)} ${(seconds * 1e6).toFixed(1).padStart(10)} us ${(work / seconds / 1e9).toFixed(1).padStart(8)} ${unit}`,
  );
}

const bind = (...accesses: Binding['access'][]): Binding[] => accesses.map((access) => ({ dtype: 'f32', access }));
const at = (binding: number, strides: readonly number[]): Access => ({ binding, offset: 0, strides });

function matmul(m: number, n: number, k: number, transposeB = false, batch = 1): void {
  const spec: MatmulSpec = {
    kind: 'matmul',
    bindings: bind('read', 'read', 'write'),
    batch: [batch],
    m,
    n,
    k,
    a: at(0, [m * k, k, 1]),
    b: at(1, transposeB ? [n * k, 1, k] : [n * k, n, 1]),
    out: at(2, [m * n, n, 1]),
  };
  report(
    `matmul ${batch > 1 ? `${batch}x` : ''}${m}x${k}x${n}${transposeB ? ' bT' : ''}`,
    2 * batch * m * n * k,
    'GFLOP/s',
    spec,
    [batch * m * k, batch * n * k, batch * m * n],
  );
}

type Geometry = Pick<Conv2dSpec, 'batch' | 'groups' | 'inChannels' | 'outChannels'> & {
  readonly size: number;
  readonly kernel: number;
  readonly padding: number;
  readonly stride?: number;
};

function convolution({ batch, groups, inChannels, outChannels, size, kernel, padding, stride = 1 }: Geometry): void {
  const out = Math.floor((size + 2 * padding - kernel) / stride) + 1;
  const sizes = [
    batch * inChannels * size * size,
    (outChannels * inChannels * kernel * kernel) / groups,
    batch * outChannels * out * out,
  ];
  for (const pass of ['forward', 'input', 'weight'] as const) {
    const written = { forward: 2, input: 0, weight: 1 }[pass];
    const spec: Conv2dSpec = {
      kind: 'conv2d',
      pass,
      bindings: bind('read', 'read', 'read').map((binding, i) =>
        i === written ? { ...binding, access: 'write' } : binding,
      ),
      batch,
      groups,
      inChannels,
      outChannels,
      inSize: [size, size],
      outSize: [out, out],
      kernel: [kernel, kernel],
      stride: [stride, stride],
      padding: [padding, padding],
      dilation: [1, 1],
      x: at(0, []),
      w: at(1, []),
      y: at(2, []),
    };
    const work = (2 * batch * outChannels * out * out * inChannels * kernel * kernel) / groups;
    report(
      `conv ${pass} ${batch}x${inChannels}x${size}x${size} ${outChannels}x${kernel}x${kernel} s${stride} g${groups}`,
      work,
      'GFLOP/s',
      spec,
      sizes,
    );
  }
}

const load = (access: Access): LoopInstruction => ({ kind: 'load', access, dtype: 'f32' });
const scalar = (op: Extract<LoopInstruction, { kind: 'scalar' }>['op'], ...args: number[]): LoopInstruction => ({
  kind: 'scalar',
  op,
  args,
  dtype: 'f32',
});
const fold = (op: 'sum' | 'max', arg: number): LoopInstruction => ({ kind: 'reduce', op, arg, dtype: 'f32' });

function loop(
  name: string,
  bytes: number,
  outer: number[],
  inner: number[],
  body: LoopInstruction[],
  sizes: number[],
): void {
  const spec: LoopSpec = {
    kind: 'loop',
    bindings: sizes.map((_, i) => ({ dtype: 'f32', access: i === sizes.length - 1 ? 'write' : 'read' })),
    outer,
    inner,
    body,
  };
  report(name, bytes, 'GB/s', spec, sizes);
}

for (const n of [32, 64, 128, 256, 512, 1024]) matmul(n, n, n);
matmul(512, 512, 512, true);
matmul(128, 10, 784);
matmul(128, 300, 784);
matmul(1, 4096, 4096);
matmul(1, 4096, 4096, true);
matmul(128, 128, 64, true, 32);
convolution({ batch: 64, groups: 1, inChannels: 1, outChannels: 8, size: 28, kernel: 5, padding: 0 });
convolution({ batch: 64, groups: 1, inChannels: 8, outChannels: 16, size: 12, kernel: 5, padding: 0 });
convolution({ batch: 4, groups: 1, inChannels: 64, outChannels: 64, size: 56, kernel: 3, padding: 1 });
convolution({ batch: 4, groups: 1, inChannels: 32, outChannels: 64, size: 56, kernel: 3, padding: 1, stride: 2 });
convolution({ batch: 4, groups: 64, inChannels: 64, outChannels: 64, size: 56, kernel: 3, padding: 1 });

const million = 2 ** 20;
loop(
  'map x*y+z 4M',
  16 * 4 * million,
  [4 * million],
  [],
  [
    load(at(0, [1])),
    load(at(1, [1])),
    load(at(2, [1])),
    scalar('mul', 0, 1),
    scalar('add', 3, 2),
    { kind: 'store', access: at(3, [1]), arg: 4, each: 'row' },
  ],
  new Array<number>(4).fill(4 * million),
);
for (const op of ['exp', 'log', 'sin', 'tanh', 'erf', 'atan'] as const) {
  loop(
    `map ${op} 1M`,
    8 * million,
    [million],
    [],
    [load(at(0, [1])), scalar(op, 0), { kind: 'store', access: at(1, [1]), arg: 1, each: 'row' }],
    [million, million],
  );
}
loop(
  'sum rows 1024x1024',
  4 * million,
  [1024],
  [1024],
  [load(at(0, [1024, 1])), fold('sum', 0), { kind: 'store', access: at(1, [1, 0]), arg: 1, each: 'row' }],
  [million, 1024],
);
loop(
  'sum columns 1024x1024',
  4 * million,
  [1024],
  [1024],
  [load(at(0, [1, 1024])), fold('sum', 0), { kind: 'store', access: at(1, [1, 0]), arg: 1, each: 'row' }],
  [million, 1024],
);
loop(
  'transpose 1024x1024',
  8 * million,
  [1024, 1024],
  [],
  [load(at(0, [1, 1024])), { kind: 'store', access: at(1, [1024, 1]), arg: 0, each: 'row' }],
  [million, million],
);
loop(
  'softmax 4096x1024',
  32 * million,
  [4096],
  [1024],
  [
    load(at(0, [1024, 1])),
    fold('max', 0),
    scalar('sub', 0, 1),
    scalar('exp', 2),
    fold('sum', 3),
    scalar('div', 3, 4),
    { kind: 'store', access: at(1, [1024, 1]), arg: 5, each: 'point' },
  ],
  [4 * million, 4 * million],
);
loop(
  'max pool 64x8x24x24',
  4 * 64 * 8 * 24 * 24,
  [64 * 8, 12, 12],
  [2, 2],
  [
    load(at(0, [576, 48, 2, 24, 1])),
    fold('max', 0),
    { kind: 'store', access: at(1, [144, 12, 1, 0, 0]), arg: 1, each: 'row' },
  ],
  [64 * 8 * 576, 64 * 8 * 144],
);
