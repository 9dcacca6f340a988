/** Rules for what is this package's own: tensors, dtypes, devices, generators. */
import type { Device } from '../device/device.ts';
import { dtypes, type DType } from '../dtype/dtype.ts';
import { Generator } from '../random/generator.ts';
import { TensorHandle } from '../tensor/handle.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { listOf, ruleOf, type Rule } from './rules.ts';

/** A tensor of this copy of the package. */
export const aTensor: Rule<Tensor> = ruleOf(
  'a tensor (make one with tensor(), by the same copy of this package)',
  (value) => value instanceof TensorHandle,
);

/** A tensor that is as large as its shape says. */
export const aWholeTensor: Rule<Tensor> = ruleOf(
  'a tensor without a length along an axis (see upTo; of what there is, array() makes nested numbers for tensor())',
  (value) => value instanceof TensorHandle && !value.boundNode?.lengths,
);

/** A tensor, a number or a truth value. */
export const aTensorLike: Rule<Tensor | number | boolean> = ruleOf(
  'a tensor or a number',
  (value) => typeof value === 'number' || typeof value === 'boolean' || value instanceof TensorHandle,
);

/** Several tensors. */
export const tensors: Rule<readonly Tensor[]> = listOf(aTensor);

/** The name of a dtype. */
export const aDType: Rule<DType> = ruleOf(
  `one of ${Object.keys(dtypes).join(', ')}`,
  (value) => typeof value === 'string' && Object.hasOwn(dtypes, value),
);

/** A device, of this package or of anybody's making. */
export const aDevice: Rule<Device> = ruleOf('a device, as cpu() and await device(…) give', (value) => {
  if (typeof value !== 'object' || value === null) return false;
  const { name, capabilities, allocate, run } = value as Partial<Device>;
  return (
    typeof name === 'string' &&
    capabilities?.dtypes instanceof Set &&
    typeof allocate === 'function' &&
    typeof run === 'function'
  );
});

/** A random generator. */
export const aGenerator: Rule<Generator> = ruleOf('a Generator', (value) => value instanceof Generator);
