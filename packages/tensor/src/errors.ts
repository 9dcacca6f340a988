/**
 * The errors this package throws. Each message reads "operation: what was wrong with the values: what to do".
 */

/** Base of every error thrown on purpose by this package; `operation` is the public name the caller used. */
export class TensorError extends Error {
  // Written out in every class: bundlers shorten the names of classes themselves.
  override readonly name: string = 'TensorError';
  readonly operation: string;

  constructor(operation: string, problem: string) {
    super(`${operation}: ${problem}`);
    this.operation = operation;
  }
}

/** Shapes, axes or indices do not fit the operation. */
export class ShapeError extends TensorError {
  override readonly name: string = 'ShapeError';
}

/** The dtype is not one the operation or the device can work with. */
export class DTypeError extends TensorError {
  override readonly name: string = 'DTypeError';
}

/** A device is missing, lost, or cannot do what was asked. */
export class DeviceError extends TensorError {
  override readonly name: string = 'DeviceError';
}

/** A tensor was used after `dispose()`, or outside the scope or compiled function that owned it. */
export class LifetimeError extends TensorError {
  override readonly name: string = 'LifetimeError';
}

/** An argument is outside what the operation accepts. */
export class ArgumentError extends TensorError {
  override readonly name: string = 'ArgumentError';
}

/** An invariant of this package was broken; never the caller's fault. */
export class InternalError extends TensorError {
  override readonly name: string = 'InternalError';
}
