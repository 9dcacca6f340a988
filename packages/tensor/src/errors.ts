/**
 * The errors this package throws. Each message reads "operation: what was wrong with the values: what to do".
 */

/**
 * What the errors of this package can be told apart by. A code stays what it is when a message is put in other words, an
 * error crosses to another thread, or two copies of the package meet, and no other package has it.
 */
export type TensorErrorCode = 'tensor' | 'shape' | 'dtype' | DeviceErrorCode | 'lifetime' | 'argument' | 'internal';

/**
 * What is wrong with a device: it was used in a way it does not work, it is not here or offers too little, it is gone for
 * good, or it has no room.
 */
export type DeviceErrorCode = 'device' | 'device-missing' | 'device-lost' | 'out-of-memory';

/** Base of every error thrown on purpose by this package; `operation` is the public name the caller used. */
export class TensorError extends Error {
  // Written out in every class: bundlers shorten the names of classes themselves.
  override readonly name: string = 'TensorError';
  /** Stable, other than the message: what to match on. `TensorErrorCode` lists those of this package. */
  readonly code: string = 'tensor';
  readonly operation: string;

  constructor(operation: string, problem: string) {
    const restore = deepStack();
    super(`${operation}: ${problem}`);
    restore();
    this.operation = operation;
  }
}

/** Calls that a stack has room for: those of these packages, and some of whoever called them. */
const calls = 32;

/**
 * Lets the next error tell more than the ten calls of V8, which a graph that is built takes up itself: the line of the caller
 * would not be among them. Gives what undoes it.
 */
function deepStack(): () => void {
  const host = Error as { readonly stackTraceLimit?: unknown };
  const { stackTraceLimit: limit } = host;
  // Whoever wants none has none, and what is frozen stays as it is.
  if (typeof limit !== 'number' || limit <= 0 || limit >= calls) return () => {};
  Reflect.set(host, 'stackTraceLimit', calls);
  return () => void Reflect.set(host, 'stackTraceLimit', limit);
}

/** Shapes, axes or indices do not fit the operation. */
export class ShapeError extends TensorError {
  override readonly name: string = 'ShapeError';
  override readonly code = 'shape';
}

/** The dtype is not one the operation or the device can work with. */
export class DTypeError extends TensorError {
  override readonly name: string = 'DTypeError';
  override readonly code = 'dtype';
}

/** A device is missing, lost, or cannot do what was asked. */
export class DeviceError extends TensorError {
  override readonly name: string = 'DeviceError';
  override readonly code: DeviceErrorCode;

  constructor(operation: string, problem: string, code: DeviceErrorCode = 'device') {
    super(operation, problem);
    this.code = code;
  }
}

/**
 * A device has no room for a value. What nobody could reach any more was given back before this was thrown, where the host
 * tells; when tensors have been disposed of, the device works on.
 */
export class OutOfMemoryError extends DeviceError {
  override readonly name: string = 'OutOfMemoryError';
  /** Bytes that were asked for. */
  readonly bytes: number;
  readonly #alive: string;

  /** `what` was to be stored; `alive` says what the memory is full of. */
  constructor(operation: string, what: string, bytes: number, alive: string) {
    super(
      operation,
      `no room for ${what} of ${showBytes(bytes)}: ${alive}; dispose of tensors, compute inside scope(), or work in smaller pieces`,
      'out-of-memory',
    );
    this.bytes = bytes;
    this.#alive = alive;
  }

  /** The same failure, told by somebody who knows what the memory was for. */
  during(operation: string, what: string): OutOfMemoryError {
    return new OutOfMemoryError(operation, what, this.bytes, this.#alive);
  }
}

/** A number of bytes for people. */
export function showBytes(bytes: number): string {
  return bytes < 2 ** 20 ? `${bytes} bytes` : `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}

/** A tensor was used after `dispose()`, or outside the scope or compiled function that owned it. */
export class LifetimeError extends TensorError {
  override readonly name: string = 'LifetimeError';
  override readonly code = 'lifetime';
}

/** An argument is outside what the operation accepts. */
export class ArgumentError extends TensorError {
  override readonly name: string = 'ArgumentError';
  override readonly code = 'argument';
}

/** An invariant of this package was broken; never the caller's fault. */
export class InternalError extends TensorError {
  override readonly name: string = 'InternalError';
  override readonly code = 'internal';
}
