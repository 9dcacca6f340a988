/** Gradient clipping. Source: R. Pascanu, T. Mikolov and Y. Bengio, "On the difficulty of training recurrent neural networks", ICML 2013. */
import { ArgumentError, wideFloat, type Tensor } from '@espalier/tensor';
import { inDType } from './in-dtype.ts';

/** How gradients are limited before an update. */
export interface ClipOptions {
  /** Largest norm of all gradients together. */
  readonly norm?: number;
  /** Largest magnitude of an element. */
  readonly value?: number;
}

/** The Euclidean norm of all elements of some tensors, as a scalar tensor in f32 (f64 for f64). */
export function globalNorm(tensors: readonly Tensor[]): Tensor {
  const [first, ...rest] = tensors.map((tensor) => tensor.cast(wideFloat(tensor.dtype)).square().sum());
  if (!first) throw new ArgumentError('globalNorm', 'got no tensors; give at least one');
  return rest.reduce((sum, part) => sum.add(part), first).sqrt();
}

/** Gradients scaled so that their common norm is at most `most`; as they are if it is less already. */
export function clipByNorm(gradients: readonly Tensor[], most: number): Tensor[] {
  if (!(most > 0)) throw new ArgumentError('clipByNorm', `the norm is ${most}; it must be positive`);
  const factor = globalNorm(gradients).add(1e-6).reciprocal().mul(most).minimum(1);
  return gradients.map((gradient) => inDType(gradient.mul(factor), gradient.dtype));
}

/** Gradients with each element limited to ±`most`. */
export function clipByValue(gradients: readonly Tensor[], most: number): Tensor[] {
  if (!(most > 0)) throw new ArgumentError('clipByValue', `the value is ${most}; it must be positive`);
  return gradients.map((gradient) => gradient.clamp(-most, most));
}

/** Applies what the options ask for: values first, then the norm. */
export function clip(gradients: readonly Tensor[], options: ClipOptions): readonly Tensor[] {
  const limited = options.value === undefined ? gradients : clipByValue(gradients, options.value);
  return options.norm === undefined ? limited : clipByNorm(limited, options.norm);
}
