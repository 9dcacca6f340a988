/** Tensors inside plain arrays and objects. */
import { TensorHandle } from '../tensor/handle.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** The same arrays and plain objects with everything else in them replaced. */
export function mapStructure(value: unknown, replace: (leaf: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map((element) => mapStructure(element, replace));
  if (isPlain(value))
    return Object.fromEntries(Object.entries(value).map(([key, element]) => [key, mapStructure(element, replace)]));
  return replace(value);
}

/** The same structure with every tensor replaced. */
export function mapTensors(value: unknown, replace: (tensor: Tensor) => unknown): unknown {
  return mapStructure(value, (leaf) => (leaf instanceof TensorHandle ? replace(leaf as Tensor) : leaf));
}

/** Whether a value is an object of literal form, which is looked into. */
export function isPlain(value: unknown): value is object {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
