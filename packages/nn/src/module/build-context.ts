/** What a module needs to come into being besides its options. */
import { defaultDevice, defaultGenerator, type Device, type DType, type Generator } from '@espalier/tensor';

/** Where parameters are made, in which dtype, and from which random stream. */
export interface BuildContext {
  /** Draws initial values. Default: the shared generator that `manualSeed` starts. */
  readonly generator: Generator;
  /** Default: `defaultDevice()`. */
  readonly device: Device;
  /** A float dtype. Default: f32. */
  readonly dtype: DType;
}

/** A context with the defaults filled in. */
export function buildContext(given: Partial<BuildContext> = {}): BuildContext {
  return {
    generator: given.generator ?? defaultGenerator(),
    device: given.device ?? defaultDevice(),
    dtype: given.dtype ?? 'f32',
  };
}
