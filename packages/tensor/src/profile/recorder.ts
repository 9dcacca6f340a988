/** Times calls and plans for those who profile. */
import { dtypes } from '../dtype/dtype.ts';
import type { BufferRange, Device, KernelCall, PreparedKernel } from '../device/device.ts';
import { DeviceError } from '../errors.ts';
import { kernelWork, type Work } from '../kernel/work/kernel-work.ts';
import { limited, limitsOf } from '../kernel/work/limited.ts';
import { watch, type Watcher } from '../runtime/watch.ts';
import { clock } from '../runtime/clock.ts';
import type { KernelTimes, ProfileData } from './data.ts';
import { kernelText } from './kernel-text.ts';

/** So many calls and plans are told one by one; more are counted. */
const mostHappenings = 200_000;

/** What is known of a kernel so far. */
interface Row {
  readonly place: number;
  readonly kernel: PreparedKernel;
  readonly device: string;
  readonly text: string;
  /** What a call comes to, by the bytes behind its operands and where its dimensions end. */
  readonly works: Map<string, Work>;
  /** The same by calls that were seen before, as those of compiled functions are. */
  readonly seen: WeakMap<KernelCall, Work>;
  calls: number;
  ms: number;
  flops: number | undefined;
  bytes: number;
}

const noEnds: readonly number[] = [];

/** Where the dimensions with limits end in a call: read before it runs, as its device does. */
function endsOf(device: Device, { kernel: { spec }, ranges }: KernelCall): readonly number[] {
  const limits = limitsOf(spec);
  if (limits.length === 0) return noEnds;
  return limits.map(({ binding, offset }) => {
    const { buffer, byteOffset } = ranges[binding] as BufferRange;
    const { bytes, view } = dtypes.i32;
    return Number(view(device.readSync(buffer, byteOffset + bytes * offset, bytes).buffer, 0, 1)[0]);
  });
}

/** What one function did. */
export class Recorder {
  /** The devices that ran anything, and what they are called: by their names, and numbers where several have one. */
  readonly devices: Map<Device, string> = new Map();
  readonly #rows = new Map<PreparedKernel, Row>();
  readonly #happenings = {
    kernel: [] as number[],
    start: [] as number[],
    ms: [] as number[],
    flops: [] as number[],
    bytes: [] as number[],
  };
  readonly #began = clock.now();
  #planningMs = 0;
  #untold = 0;

  /** A call that has ended; times in milliseconds, as `performance` has them. */
  called(device: Device, call: KernelCall, ends: readonly number[], from: number, to: number): void {
    const row = this.#row(device, call.kernel);
    const { flops, bytes } = workIn(row, call, ends);
    row.calls++;
    row.ms += to - from;
    row.bytes += bytes;
    row.flops = flops === undefined || row.flops === undefined ? undefined : row.flops + flops;
    this.#tell(row.place, from, to, flops ?? NaN, bytes);
  }

  /** A plan that was made. */
  planned(from: number, to: number): void {
    this.#planningMs += to - from;
    this.#tell(-1, from, to, NaN, 0);
  }

  /** What was seen until now. */
  data(name: string): ProfileData {
    const { kernel, start, ms, flops, bytes } = this.#happenings;
    return {
      name,
      began: clock.timeOrigin + this.#began,
      ms: clock.now() - this.#began,
      planningMs: this.#planningMs,
      kernels: [...this.#rows.values()].map(timesOf),
      happenings: {
        kernel: Int32Array.from(kernel),
        start: Float64Array.from(start),
        ms: Float64Array.from(ms),
        flops: Float64Array.from(flops),
        bytes: Float64Array.from(bytes),
      },
      untold: this.#untold,
    };
  }

  #row(device: Device, kernel: PreparedKernel): Row {
    const known = this.#rows.get(kernel);
    if (known) return known;
    const made: Row = {
      place: this.#rows.size,
      kernel,
      device: this.#nameOf(device),
      text: kernelText(kernel.spec),
      works: new Map(),
      seen: new WeakMap(),
      calls: 0,
      ms: 0,
      flops: 0,
      bytes: 0,
    };
    this.#rows.set(kernel, made);
    return made;
  }

  #nameOf(device: Device): string {
    const known = this.devices.get(device);
    if (known !== undefined) return known;
    const count = [...this.devices.keys()].filter(({ name }) => name === device.name).length;
    const name = count === 0 ? device.name : `${device.name} (${count + 1})`;
    this.devices.set(device, name);
    return name;
  }

  #tell(kernel: number, from: number, to: number, flops: number, bytes: number): void {
    const told = this.#happenings;
    if (told.kernel.length === mostHappenings) {
      this.#untold++;
      return;
    }
    told.kernel.push(kernel);
    told.start.push(from - this.#began);
    told.ms.push(to - from);
    told.flops.push(flops);
    told.bytes.push(bytes);
  }
}

function workIn({ kernel: { spec }, works, seen }: Row, call: KernelCall, ends: readonly number[]): Work {
  const before = ends.length === 0 ? seen.get(call) : undefined;
  if (before) return before;
  const lengths = spec.bindings.map((_, binding) => (call.ranges[binding] as BufferRange).byteLength);
  const key = `${lengths.join()};${ends.join()}`;
  const work = works.get(key) ?? kernelWork(limited(spec, ends), lengths);
  works.set(key, work);
  seen.set(call, work);
  return work;
}

function timesOf({ kernel: { spec, threads = 1 }, device, text, calls, ms, flops, bytes }: Row): KernelTimes {
  return { text, kind: spec.kind, device, threads, calls, ms, flops, bytes };
}

const recorders = new Set<Recorder>();

const watcher: Watcher = {
  run: (device, calls) => {
    if (!device.capabilities.synchronousRead)
      throw new DeviceError(
        'profile',
        `device ${device.name} runs its kernels beside this thread, whose clock does not tell how long each takes; profile the same on 'cpu'`,
      );
    for (const call of calls) {
      const ends = endsOf(device, call);
      const only = [call];
      const from = clock.now();
      device.run(only);
      const to = clock.now();
      for (const recorder of recorders) recorder.called(device, call, ends, from, to);
    }
  },
  plan: (make) => {
    const from = clock.now();
    const plan = make();
    const to = clock.now();
    for (const recorder of recorders) recorder.planned(from, to);
    return plan;
  },
};

/** Has everything recorded from now on that runs in this thread, until the function that it gives is called. */
export function recordWith(recorder: Recorder): () => void {
  recorders.add(recorder);
  watch.by = watcher;
  return () => {
    recorders.delete(recorder);
    if (recorders.size === 0) watch.by = undefined;
  };
}
