/** The errors this package adds to those of `@espalier/tensor`. */
import { TensorError } from '@espalier/tensor';

/** A file or byte string is not in the format it should be in. */
export class FormatError extends TensorError {
  override readonly name: string = 'FormatError';
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

/** A JSON description of a module, initialiser, optimizer or schedule is wrong. */
export class ConfigError extends TensorError {
  override readonly name: string = 'ConfigError';
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
