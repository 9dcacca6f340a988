/** The errors this package adds to those of `@espalier/tensor`. */
import { TensorError } from '@espalier/tensor';
import { show } from '@espalier/tensor/arguments';

/** What the errors of this package can be told apart by; see `TensorErrorCode`. */
export type NnErrorCode = 'file-format' | 'divergence' | 'description' | 'state' | 'aborted';

/** A file or byte string is not in the format it should be in. Another class than `FormatError` of `@espalier/search`: tell them apart by `code`. */
export class FormatError extends TensorError {
  override readonly name: string = 'FormatError';
  override readonly code = 'file-format';
  /** What was being read: a file path, or the name of the format. */
  readonly source: string;
  /** Where in it the trouble is, in bytes from the start. */
  readonly offset: number;

  constructor(source: string, offset: number, problem: string) {
    super(source, `at byte ${offset}: ${problem}`);
    this.source = source;
    this.offset = offset;
  }
}

/** A training whose loss, or whose model, is no longer finite. */
export class DivergenceError extends TensorError {
  override readonly name: string = 'DivergenceError';
  override readonly code = 'divergence';
  /** The first step whose loss was NaN or infinite, from 1; where only parameters are, the steps done. */
  readonly step: number;
  /** The loss of the batch before it; NaN if there was none. */
  readonly lastFiniteLoss: number;

  constructor(operation: string, problem: string, at: { readonly step: number; readonly lastFiniteLoss: number }) {
    super(operation, problem);
    this.step = at.step;
    this.lastFiniteLoss = at.lastFiniteLoss;
  }
}

/**
 * The work was ended by a signal whose reason is no error; a reason that is one, as every `AbortController` gives by
 * itself, is thrown as it is.
 */
export class AbortError extends TensorError {
  // The name that errors of aborted work have in browsers and in Node.
  override readonly name: string = 'AbortError';
  override readonly code = 'aborted';
  /** The reason of the signal. */
  override readonly cause: unknown;

  constructor(operation: string, reason: unknown) {
    super(operation, `aborted by its signal: ${show(reason)}`);
    this.cause = reason;
  }
}

/** A JSON description of a module, initialiser, optimizer or schedule is wrong. Another class than `ConfigError` of `@espalier/search`: tell them apart by `code`. */
export class ConfigError extends TensorError {
  override readonly name: string = 'ConfigError';
  override readonly code = 'description';
  /** Where in the description: `layers[2].kernel`. */
  readonly path: string;

  constructor(path: string, problem: string) {
    super(path === '' ? 'config' : path, problem);
    this.path = path;
  }
}

/** A saved state does not belong to what it is loaded into. */
export class StateError extends TensorError {
  override readonly name: string = 'StateError';
  override readonly code = 'state';
  /** Names that are needed and not there. */
  readonly missing: readonly string[];
  /** Names that are there and not needed. */
  readonly unexpected: readonly string[];
  /** Names whose shapes differ. */
  readonly misshaped: readonly string[];

  constructor(
    operation: string,
    problem: string,
    keys: {
      readonly missing?: readonly string[];
      readonly unexpected?: readonly string[];
      readonly misshaped?: readonly string[];
    } = {},
  ) {
    super(operation, problem);
    this.missing = keys.missing ?? [];
    this.unexpected = keys.unexpected ?? [];
    this.misshaped = keys.misshaped ?? [];
  }
}
