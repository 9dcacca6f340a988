/**
 * WebGPU reports errors later and elsewhere. They are gathered here and thrown where the caller waits.
 */
import { DeviceError, OutOfMemoryError } from '../../errors.ts';

const prepareOperation = 'webgpu prepare';

/** What went wrong on one device since the last time somebody looked, and whether the device is gone. */
export class Failures {
  readonly #found: DeviceError[] = [];
  readonly #pending = new Set<Promise<unknown>>();
  #lost: string | undefined;

  constructor(device: GPUDevice) {
    device.onuncapturederror = (event) => {
      this.add('run', describeGpuError(event.error));
    };
    void device.lost.then((info) => {
      this.#lost ??= `the device was lost (${info.reason}${info.message === '' ? '' : `: ${info.message}`}): create a new one`;
    });
  }

  /** Notes a failure to be thrown by the next `check`. */
  add(operation: string, problem: string): void {
    this.note(new DeviceError(`webgpu ${operation}`, problem));
  }

  /** Notes an error to be thrown by the next `check`. */
  note(error: DeviceError): void {
    this.#found.push(error);
  }

  /** Makes `settled` wait for a check that is still under way. */
  watch(check: Promise<unknown>): void {
    this.#pending.add(check);
    void check.finally(() => this.#pending.delete(check));
  }

  /** Resolves when all checks under way have ended. */
  async settled(): Promise<void> {
    while (this.#pending.size > 0) await Promise.allSettled(this.#pending);
  }

  /**
   * Looks for failures noted since the last call.
   * @throws {DeviceError | OutOfMemoryError} the first of them; one of compiling or allocating comes before those it
   * led to.
   */
  check(): void {
    const found = this.#found.splice(0);
    const first =
      found.find((error) => error.operation === prepareOperation || error instanceof OutOfMemoryError) ?? found[0];
    if (first !== undefined) throw first;
    this.requireAlive('synchronize');
  }

  /** @throws {DeviceError} if the device is lost. */
  requireAlive(operation: string): void {
    if (this.#lost !== undefined) throw new DeviceError(`webgpu ${operation}`, this.#lost, 'device-lost');
  }

  /** From now on every use of the device throws. */
  markDisposed(): void {
    this.#lost = 'the device was disposed of: create a new one';
  }
}

const adviceByKind: readonly (readonly [pattern: RegExp, advice: string])[] = [
  [/out.?of.?memory/i, ': free tensors with dispose() or scope(), or use smaller batches'],
];

/** A WebGPU error with advice where there is any. */
export function describeGpuError(error: GPUError): string {
  const kind = error.constructor.name;
  const advice = adviceByKind.find(([pattern]) => pattern.test(kind) || pattern.test(error.message))?.[1] ?? '';
  return `${error.message.trim()}${advice}`;
}

/** The errors of a shader module, each with the line of WGSL it points at; empty if there are none. */
export async function compilationErrors(module: GPUShaderModule, code: string): Promise<string> {
  const { messages } = await module.getCompilationInfo();
  const lines = code.split('\n');
  return messages
    .filter(({ type }) => type === 'error')
    .map(
      ({ lineNum, linePos, message }) =>
        `${message.trim()}\n  ${lineNum}:${linePos} | ${(lines[lineNum - 1] ?? '').trim()}`,
    )
    .join('\n');
}
