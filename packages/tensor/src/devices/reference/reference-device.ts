/**
 * The reference device: every kernel as plain TypeScript in doubles, slow and obviously right. It is the oracle for
 * every other device, and what runs where nothing else does.
 */
import type {
  BufferRange,
  Device,
  DeviceBuffer,
  DeviceCapabilities,
  DeviceMemory,
  KernelCall,
  PreparedKernel,
} from '../../device/device.ts';
import { aText, check } from '../../arguments/rules.ts';
import { dtypeNames } from '../../dtype/dtype.ts';
import { reclaim, relieve } from '../../device/residents.ts';
import { DeviceError, OutOfMemoryError, showBytes } from '../../errors.ts';
import type { KernelSpec } from '../../kernel/spec.ts';
import { interpretAttention, interpretAttentionGradient } from './attention.ts';
import { interpretConv2d } from './conv2d.ts';
import { interpretCustom } from './custom.ts';
import { elementsOf, type Elements } from './elements.ts';
import { interpretEncodedMatmul } from './encoded-matmul.ts';
import type { Interpreter } from './kernel.ts';
import { interpretLoop } from './loop.ts';
import { interpretMatmul } from './matmul.ts';
import { interpretScan } from './scan.ts';
import { interpretScatterAdd } from './scatter-add.ts';
import { interpretSort } from './sort.ts';

const OFFSET_ALIGNMENT = 8;

const capabilities: DeviceCapabilities = {
  dtypes: new Set(dtypeNames),
  offsetAlignment: OFFSET_ALIGNMENT,
  bufferParts: true,
  maxBindings: Number.MAX_SAFE_INTEGER,
  synchronousRead: true,
};

/** The interpreter of each kind of spec. */
const interpreters: { readonly [K in KernelSpec['kind']]: (spec: Extract<KernelSpec, { kind: K }>) => Interpreter } = {
  loop: interpretLoop,
  matmul: interpretMatmul,
  'encoded-matmul': interpretEncodedMatmul,
  conv2d: interpretConv2d,
  attention: interpretAttention,
  'attention-gradient': interpretAttentionGradient,
  scan: interpretScan,
  sort: interpretSort,
  'scatter-add': interpretScatterAdd,
  custom: interpretCustom,
};

interface ReferenceKernel extends PreparedKernel {
  readonly interpret: Interpreter;
}

interface ReferenceBuffer extends DeviceBuffer {
  readonly data: ArrayBuffer;
}

/** A device that interprets kernels in doubles. It accepts every spec and every dtype, and reads synchronously. */
export function createReferenceDevice(name = 'reference'): Device {
  return new ReferenceDevice(check('createReferenceDevice', 'the name', name, aText));
}

class ReferenceDevice implements Device {
  readonly name: string;
  readonly description = 'plain TypeScript in doubles, the oracle for every other device';
  readonly capabilities = capabilities;
  readonly #live = new Set<DeviceBuffer>();
  #bytes = 0;
  #disposed = false;

  constructor(name: string) {
    this.name = name;
  }

  accepts(): boolean {
    return true;
  }

  allocate(bytes: number): DeviceBuffer {
    const buffer: ReferenceBuffer = { bytes, data: this.#reserve(bytes) };
    this.#live.add(buffer);
    this.#bytes += bytes;
    return buffer;
  }

  #reserve(bytes: number): ArrayBuffer {
    relieve(this, bytes);
    const make = (): ArrayBuffer => new ArrayBuffer(Math.ceil(bytes / 16) * 16);
    try {
      return make();
    } catch {
      try {
        if (reclaim(this) > 0) return make();
      } catch {
        // Told below.
      }
      const alive = `${showBytes(this.#bytes)} in ${this.#live.size} buffers are alive on the ${this.name} device`;
      throw new OutOfMemoryError('allocate', 'memory', bytes, alive);
    }
  }

  free(buffer: DeviceBuffer): void {
    // Its memory went with the device: tensors that outlive that let go of theirs later.
    if (this.#disposed) return;
    if (!this.#live.delete(buffer)) throw this.#unknownBuffer();
    this.#bytes -= buffer.bytes;
  }

  write(buffer: DeviceBuffer, byteOffset: number, data: Uint8Array): void {
    this.#bytesOf(buffer, byteOffset, data.byteLength).set(data);
  }

  async read(buffer: DeviceBuffer, byteOffset: number, byteLength: number): Promise<Uint8Array<ArrayBuffer>> {
    return this.readSync(buffer, byteOffset, byteLength);
  }

  readSync(buffer: DeviceBuffer, byteOffset: number, byteLength: number): Uint8Array<ArrayBuffer> {
    return this.#bytesOf(buffer, byteOffset, byteLength).slice();
  }

  prepare(spec: KernelSpec): ReferenceKernel {
    // The table pairs each kind with its own spec type, which an index by `spec.kind` cannot express.
    const interpreter = interpreters[spec.kind] as (spec: KernelSpec) => Interpreter;
    const scratch = spec.kind === 'custom' ? spec.scratch : undefined;
    return { spec, interpret: interpreter(spec), ...(scratch && { scratch }) };
  }

  run(calls: readonly KernelCall[]): void {
    for (const { kernel, ranges } of calls) {
      if (!isReferenceKernel(kernel))
        throw new DeviceError(this.name, 'run of a kernel that another device prepared: call prepare() on this device');
      const { spec, scratch = [] } = kernel;
      kernel.interpret(
        spec.bindings.map((binding, position) => this.#elements(binding.dtype, ranges[position])),
        scratch.map((_, piece) => this.#rangeOf(ranges[spec.bindings.length + piece])),
      );
    }
  }

  async synchronize(): Promise<void> {
    // Every call has finished by the time it returns.
  }

  memory(): DeviceMemory {
    return { bytes: this.#bytes, buffers: this.#live.size };
  }

  dispose(): void {
    this.#disposed = true;
    this.#live.clear();
    this.#bytes = 0;
  }

  #elements(dtype: Parameters<typeof elementsOf>[0], range: BufferRange | undefined): Elements {
    const { buffer, byteOffset, byteLength } = this.#rangeOf(range);
    return elementsOf(dtype, buffer, byteOffset, byteLength);
  }

  #rangeOf(range: BufferRange | undefined): Uint8Array<ArrayBuffer> {
    if (range === undefined)
      throw new DeviceError(
        this.name,
        'a call has fewer buffer ranges than its kernel has bindings and scratch: pass one range for each',
      );
    const { buffer, byteOffset, byteLength } = range;
    if (byteOffset % OFFSET_ALIGNMENT !== 0) {
      throw new DeviceError(
        this.name,
        `a range starts at byte ${byteOffset}: offsets must be multiples of ${OFFSET_ALIGNMENT}`,
      );
    }
    return this.#bytesOf(buffer, byteOffset, byteLength);
  }

  /** A view of live memory; the padding that rounds a buffer up to 16 bytes may be touched too. */
  #bytesOf(buffer: DeviceBuffer, byteOffset: number, byteLength: number): Uint8Array<ArrayBuffer> {
    if (!this.#live.has(buffer)) throw this.#unknownBuffer();
    const { data } = buffer as ReferenceBuffer;
    if (byteOffset < 0 || byteLength < 0 || byteOffset + byteLength > data.byteLength) {
      throw new DeviceError(
        this.name,
        `bytes ${byteOffset} to ${byteOffset + byteLength} of a buffer of ${buffer.bytes}: stay inside the buffer`,
      );
    }
    return new Uint8Array(data, byteOffset, byteLength);
  }

  #unknownBuffer(): DeviceError {
    return new DeviceError(
      this.name,
      'the buffer is not alive on this device: it was freed already, or belongs to another device',
    );
  }
}

function isReferenceKernel(kernel: PreparedKernel): kernel is ReferenceKernel {
  return 'interpret' in kernel;
}
