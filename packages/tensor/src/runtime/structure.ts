/** Tensors inside plain arrays and objects. */
import { TensorHandle } from '../tensor/handle.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** The same arrays and plain objects with everything else in them replaced. */
export function mapStructure(value: unknown, replace: (leaf: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map((element) => mapStructure(element, replace));
  if (value && typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype)
    return Object.fromEntries(Object.entries(value).map(([key, element]) => [key, mapStructure(element, replace)]));
  return replace(value);
}

/** The same structure with every tensor replaced. */
export function mapTensors(value: unknown, replace: (tensor: Tensor) => unknown): unknown {
  return mapStructure(value, (leaf) => (leaf instanceof TensorHandle ? replace(leaf as Tensor) : leaf));
}

/** The tensors in a structure, each once, in order, and the structure's form as text. */
export function listTensors(value: unknown): { readonly tensors: Tensor[]; readonly form: string } {
  const numbers = new Map<Tensor, number>();
  const skeleton = mapTensors(value, (tensor) => {
    const known = numbers.get(tensor);
    if (known !== undefined) return `⟨=${known}⟩`;
    numbers.set(tensor, numbers.size);
    return `⟨${tensor.dtype}[${tensor.shape.join()}]${tensor.requiresGrad ? '∂' : ''}@${tensor.device.name}⟩`;
  });
  return { tensors: [...numbers.keys()], form: JSON.stringify(skeleton) ?? 'undefined' };
}
