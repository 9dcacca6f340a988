/**
 * State that was assigned and has no value yet: the parameters of an eager training loop, what its optimizer remembers.
 * It will be read again, and what it is computed from is mostly what somebody asks for now (a step's loss, its metrics).
 * So it is computed together with whatever is asked for next, once; otherwise each step would compute all steps before.
 */
import type { Device } from '../device/device.ts';
import type { Node } from '../graph/node.ts';
import type { TensorHandle } from '../tensor/handle.ts';

/** Weak: state that nobody can read any more need not be computed. */
const pending = new WeakMap<Device, Set<WeakRef<TensorHandle>>>();
const references = new WeakMap<TensorHandle, WeakRef<TensorHandle>>();

/** Remembers a tensor that was given a value which is not computed yet. */
export function noteAssigned(tensor: TensorHandle, node: Node): void {
  if (node.storage) return;
  let reference = references.get(tensor);
  if (!reference) references.set(tensor, (reference = new WeakRef(tensor)));
  const states = pending.get(node.device) ?? new Set();
  pending.set(node.device, states.add(reference));
}

/** Forgets a tensor, whose value now belongs to a step that is being recorded. */
export function forgetAssigned(tensor: TensorHandle): void {
  const reference = references.get(tensor);
  if (reference) pending.get(tensor.device)?.delete(reference);
}

/** Whether a tensor was assigned a value that waits to be computed. */
export function isPendingState(tensor: TensorHandle): boolean {
  const [reference, node] = [references.get(tensor), tensor.boundNode];
  return reference !== undefined && node?.storage === undefined && pending.get(tensor.device)?.has(reference) === true;
}

/** The values to be computed for the state of a device, in the order of assignment; they are not remembered any longer. */
export function takePendingState(device: Device): Node[] {
  const states = pending.get(device);
  if (!states) return [];
  pending.delete(device);
  return [...states].flatMap((reference) => {
    const node = reference.deref()?.boundNode;
    return node && !node.storage && node.device === device ? [node] : [];
  });
}
