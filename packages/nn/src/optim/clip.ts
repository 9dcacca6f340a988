/** Gradient clipping. Source: R. Pascanu, T. Mikolov and Y. Bengio, "On the difficulty of training recurrent neural networks", ICML 2013. */
import { ArgumentError, inDType, wideFloat, type Tensor } from '@espalier/tensor';
import { anObject, check, checkOptions, tensors as several, type OptionRules } from '@espalier/tensor/arguments';
import { numberThat } from '../config/rules.ts';

/** How gradients are limited before an update. */
export interface ClipOptions {
  /** Largest norm of all gradients together. */
  readonly norm?: number;
  /** Largest magnitude of an element. */
  readonly value?: number;
}

const aLimit = numberThat('above 0', (value) => value > 0);

/** What the options have to be. */
export const clipRules: OptionRules<ClipOptions> = { norm: aLimit, value: aLimit };

/**
 * The Euclidean norm of all elements of some tensors, as a scalar tensor in f32 (f64 for f64).
 * @throws {ArgumentError} for no tensors.
 */
export function globalNorm(tensors: readonly Tensor[]): Tensor {
  check('globalNorm', 'tensors', tensors, several);
  const [first, ...rest] = tensors.map((tensor) => tensor.cast(wideFloat(tensor.dtype)).square().sum());
  if (!first) throw new ArgumentError('globalNorm', 'got no tensors; give at least one');
  return rest.reduce((sum, part) => sum.add(part), first).sqrt();
}

/** Gradients scaled so that their common norm is at most `most`; as they are if it is less already. */
export function clipByNorm(gradients: readonly Tensor[], most: number): Tensor[] {
  check('clipByNorm', 'gradients', gradients, several);
  check('clipByNorm', 'the norm', most, aLimit);
  const factor = globalNorm(gradients).add(1e-6).reciprocal().mul(most).minimum(1);
  return gradients.map((gradient) => inDType(gradient.mul(factor), gradient.dtype));
}

/** Gradients with each element limited to ±`most`. */
export function clipByValue(gradients: readonly Tensor[], most: number): Tensor[] {
  check('clipByValue', 'gradients', gradients, several);
  check('clipByValue', 'the value', most, aLimit);
  return gradients.map((gradient) => gradient.clamp(-most, most));
}

/** Applies what the options ask for: values first, then the norm. */
export function clip(gradients: readonly Tensor[], options: ClipOptions): readonly Tensor[] {
  check('clip', 'gradients', gradients, several);
  check('clip', 'options', options, anObject);
  checkOptions('clip', options, clipRules);
  const limited = options.value === undefined ? gradients : clipByValue(gradients, options.value);
  return options.norm === undefined ? limited : clipByNorm(limited, options.norm);
}
