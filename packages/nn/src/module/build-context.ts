/** What a module needs to come into being besides its options. */
import { defaultDevice, defaultGenerator, isFloat, type Device, type DType, type Generator } from '@espalier/tensor';
import { aDevice, aDType, aGenerator, checkOwnOptions, ruleOf, type OptionRules } from '@espalier/tensor/arguments';

const aFloatDType = ruleOf<DType>('a float dtype, such as f32', (value) => aDType.holds(value) && isFloat(value));

/** Where parameters are made, in which dtype, and from which random stream. */
export interface BuildContext {
  /** Draws initial values. Default: the shared generator that `manualSeed` starts. */
  readonly generator: Generator;
  /** Default: `defaultDevice()`. */
  readonly device: Device;
  /** A float dtype. Default: f32. */
  readonly dtype: DType;
}

/** What a context is made of. */
export const contextRules: OptionRules<BuildContext> = { generator: aGenerator, device: aDevice, dtype: aFloatDType };

/**
 * A context with the defaults filled in.
 * @throws {ArgumentError} for what cannot be a part of one.
 */
export function buildContext(given: Partial<BuildContext> = {}): BuildContext {
  checkOwnOptions<Partial<BuildContext>>('module', given, contextRules);
  return {
    generator: given.generator ?? defaultGenerator(),
    device: given.device ?? defaultDevice(),
    dtype: given.dtype ?? 'f32',
  };
}
