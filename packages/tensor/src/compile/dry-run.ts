/** Running a function of tensors for its shapes: the graph is built and nothing is computed. */
import { aFunction, check, checkOptions, listOf, ruleOf, type OptionRules } from '../arguments/rules.ts';
import { aDevice, aDType } from '../arguments/types.ts';
import type { Device } from '../device/device.ts';
import { defaultDevice } from '../device/registry.ts';
import type { DType } from '../dtype/dtype.ts';
import { placeholderNode } from '../graph/build.ts';
import { withMode, type Scope } from '../graph/modes.ts';
import type { Node } from '../graph/node.ts';
import { noteAssigned } from '../runtime/pending-state.ts';
import { checkShape, type Shape } from '../shape/shape.ts';
import { handlesCreated } from '../tensor/handle.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { wrap } from '../tensor/wrap.ts';

/** A tensor without its values. */
export interface TensorType {
  readonly shape: Shape;
  /** Default: f32. */
  readonly dtype?: DType;
  /** Default: `defaultDevice()`. */
  readonly device?: Device;
}

const types = listOf(ruleOf<TensorType>('an object { shape, dtype?, device? }', (value) => Object(value) === value));
const typeRules: OptionRules<TensorType> = {
  shape: ruleOf('a shape, such as [1, 784]', Array.isArray),
  dtype: aDType,
  device: aDevice,
};

/**
 * What a function makes of tensors that have shapes, dtypes and devices, and no values. Nothing is computed, on any device;
 * tensors that it assigns get back the values they had, and generators stay where they are. Tensors made inside are gone
 * afterwards: what is to be known of them (shapes, `multiplyAccumulates`) is asked for inside. Reading a value throws
 * LifetimeError.
 *
 * @example
 * const shape = dryRun([{ shape: [1, 784] }], (x) => model(x).shape);
 */
export function dryRun<Result>(inputs: readonly TensorType[], fn: (...inputs: Tensor[]) => Result): Result {
  check('dryRun', 'the inputs', inputs, types);
  check('dryRun', 'the function', fn, aFunction);
  const placeholders = inputs.map((input, slot) => {
    const { shape, dtype = 'f32', device = defaultDevice() } = checkOptions('dryRun', input, typeRules);
    return placeholderNode(slot, checkShape('dryRun', shape), dtype, device);
  });
  const before = handlesCreated();
  const assigned = new Map<Tensor, Node>();
  const assign = (tensor: Tensor): void => {
    const node = tensor.boundNode;
    if (!node || tensor.serial > before || assigned.has(tensor)) return;
    node.retain();
    assigned.set(tensor, node);
  };
  const scope: Scope = { created: new Set() };
  const trace = {
    operation: 'dryRun',
    place: 'a dry run',
    isDry: true,
    assign,
    bound: () => {},
    sum: () => {},
    dynamic: () => {},
  };
  try {
    return withMode({ trace, touched: undefined, scope, keys: undefined }, () => fn(...placeholders.map(wrap)));
  } finally {
    for (const [tensor, node] of assigned) {
      tensor.rebind(node);
      noteAssigned(tensor, node);
      node.release();
    }
    for (const tensor of scope.created) tensor.dispose();
  }
}
