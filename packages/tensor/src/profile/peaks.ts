/** What the machine can do at most, as a device reaches it: measured by probes, once for each process and kind of device. */
import { asRun } from '../device/as-run.ts';
import type { Device, DeviceBuffer, KernelCall, PreparedKernel } from '../device/device.ts';
import { aDevice } from '../arguments/types.ts';
import { check } from '../arguments/rules.ts';
import { DeviceError, InternalError } from '../errors.ts';
import type { KernelSpec, LoopSpec, MatmulSpec } from '../kernel/spec.ts';
import { clock } from '../runtime/clock.ts';

/** What a device does at most. */
export interface Peaks {
  /** 10^9 floating-point operations a second: those of a product of f32 matrices that fit in cache. */
  readonly gflops: number;
  /** 10^9 bytes a second: a sum that reads an array larger than the caches, one number after another. */
  readonly gigabytes: number;
}

/** Rows and columns of the matrices, and bytes of the array: the last ones, unless a device is so slow that less will do. */
const sides = [64, 128, 256];
const sizes = [2 ** 20, 2 ** 23, 2 ** 27];
/** The array is read in pieces of at most so many bytes: a run has to fit between what else the machine does. */
const piece = 2 ** 23;
/** Milliseconds of one run from which on nothing larger is tried. */
const enough = 20;
/** The probes are run so long, in milliseconds; the fastest run counts. */
const patience = 300;

const f32 = { dtype: 'f32' } as const;

function productOf(side: number): MatmulSpec {
  const whole = (binding: number): MatmulSpec['a'] => ({ binding, offset: 0, strides: [side, 1] });
  return {
    kind: 'matmul',
    bindings: [
      { ...f32, access: 'read' },
      { ...f32, access: 'read' },
      { ...f32, access: 'write' },
    ],
    batch: [],
    m: side,
    n: side,
    k: side,
    a: whole(0),
    b: whole(1),
    out: whole(2),
  };
}

/** As many as many threads can share. */
const rows = 64;

/** Rows of an array summed. */
function sumOf(bytes: number): LoopSpec {
  const columns = bytes / 4 / rows;
  return {
    kind: 'loop',
    bindings: [
      { ...f32, access: 'read' },
      { ...f32, access: 'write' },
    ],
    outer: [rows],
    inner: [columns],
    body: [
      { kind: 'load', access: { binding: 0, offset: 0, strides: [columns, 1] }, dtype: 'f32' },
      { kind: 'reduce', op: 'sum', arg: 0, dtype: 'f32' },
      { kind: 'store', access: { binding: 1, offset: 0, strides: [1, 0] }, arg: 1, each: 'row' },
    ],
  };
}

/** What a probe runs: a kernel whose last binding is what it writes, on memory of the first of which each run takes the next piece. */
interface Probe {
  readonly spec: KernelSpec;
  /** Bytes of what each binding sees in one run. */
  readonly bytes: readonly number[];
  readonly pieces: number;
}

/** Runs a kernel on zeros, `forMs` milliseconds long and once for each piece at least; the least milliseconds of a run. */
function fastest(device: Device, { spec, bytes, pieces }: Probe, forMs: number): number {
  const run = asRun(spec, device);
  if (!run) throw new InternalError('measurePeaks', `device ${device.name} runs no ${spec.kind}`);
  const kernel: PreparedKernel = device.prepare(run);
  const buffers: DeviceBuffer[] = [];
  try {
    for (const [at, size] of [...bytes, ...(kernel.scratch ?? [])].entries())
      buffers.push(device.allocate(at === 0 ? size * pieces : size));
    for (const buffer of buffers.slice(0, bytes.length - 1)) device.write(buffer, 0, new Uint8Array(buffer.bytes));
    const calls = Array.from({ length: pieces }, (_, part): KernelCall[] => {
      const ranges = buffers.map((buffer, at) => {
        const byteLength = at === 0 ? buffer.bytes / pieces : buffer.bytes;
        return { buffer, byteOffset: at === 0 ? part * byteLength : 0, byteLength };
      });
      return [{ kernel, ranges }];
    });
    let least = Infinity;
    const end = clock.now() + forMs;
    for (let count = 0; count < pieces || clock.now() < end; count++) {
      const from = clock.now();
      device.run(calls[count % pieces] as KernelCall[]);
      least = Math.min(least, clock.now() - from);
    }
    return least;
  } finally {
    for (const buffer of buffers) device.free(buffer);
  }
}

/** 10^9 of something a second: of the largest amount of it that a device does not take too long for. */
function rateOf(
  device: Device,
  amounts: readonly number[],
  probeOf: (amount: number) => Probe & { readonly work: number },
): number {
  const amount = amounts.find(
    (each, at) => at === amounts.length - 1 || fastest(device, { ...probeOf(each), pieces: 1 }, 0) > enough,
  ) as number;
  const probe = probeOf(amount);
  return probe.work / fastest(device, probe, patience) / 1e6;
}

function measured(device: Device): Peaks {
  return {
    gflops: rateOf(device, sides, (side) => ({
      work: 2 * side ** 3,
      spec: productOf(side),
      bytes: Array.from({ length: 3 }, () => 4 * side ** 2),
      pieces: 1,
    })),
    gigabytes: rateOf(device, sizes, (size) => {
      const each = Math.min(size, piece);
      return { work: each, spec: sumOf(each), bytes: [each, 4 * rows], pieces: size / each };
    }),
  };
}

const known = new Map<string, Peaks>();

/**
 * What a device does at most on this machine: a product of 256 × 256, and sums over 128 MiB. It takes about a second at the first
 * call, and is right where nothing else computes meanwhile. Slow devices do less of both.
 * @throws {DeviceError} for a device that runs beside this thread, which cannot time it.
 */
export function measurePeaks(device: Device): Peaks {
  check('measurePeaks', 'the device', device, aDevice);
  if (!device.capabilities.synchronousRead)
    throw new DeviceError(
      'measurePeaks',
      `device ${device.name} runs its kernels beside this thread, which cannot time them; take 'cpu'`,
    );
  const found = known.get(device.description);
  if (found) return found;
  const probed = device.twin?.() ?? device;
  try {
    const made = measured(probed);
    known.set(device.description, made);
    return made;
  } finally {
    if (probed !== device) probed.dispose();
  }
}
