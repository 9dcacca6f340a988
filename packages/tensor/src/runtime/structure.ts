/** Tensors inside plain arrays and objects, and inside what is made of them. */
import { TensorHandle } from '../tensor/handle.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** An object that stands for its tensors: scopes hand them on with it, compiled functions take and return it as they do an object of them. */
export interface MadeOfTensors {
  tensorParts(): TensorParts;
}

/** An object made of tensors, taken apart. */
export interface TensorParts {
  readonly tensors: Readonly<Record<string, Tensor>>;
  /** What else it is: by identity, and as a text. Equal for objects that differ in their tensors only. */
  readonly rest: readonly [identity: object, text: string];
  /** The same with other tensors. */
  readonly from: (tensors: Readonly<Record<string, Tensor>>) => unknown;
}

/** Whether a value is an object made of tensors. */
export function isMadeOfTensors(value: unknown): value is MadeOfTensors {
  return (
    typeof value === 'object' && value !== null && typeof (value as Partial<MadeOfTensors>).tensorParts === 'function'
  );
}

/** The same arrays, plain objects and objects made of tensors, with everything else in them replaced. */
export function mapStructure(value: unknown, replace: (leaf: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map((element) => mapStructure(element, replace));
  if (isPlain(value))
    return Object.fromEntries(Object.entries(value).map(([key, element]) => [key, mapStructure(element, replace)]));
  if (!isMadeOfTensors(value)) return replace(value);
  const { tensors, from } = value.tensorParts();
  return from(mapStructure(tensors, replace) as typeof tensors);
}

/** The same structure with every tensor replaced. */
export function mapTensors(value: unknown, replace: (tensor: Tensor) => unknown): unknown {
  return mapStructure(value, (leaf) => (leaf instanceof TensorHandle ? replace(leaf as Tensor) : leaf));
}

/** Whether a value is an object of literal form, which is looked into. */
export function isPlain(value: unknown): value is object {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
