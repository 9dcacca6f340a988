/**
 * Arguments that are like those of the call before, told without making anything: most steps are called again and again with
 * tensors of the same types. What is not that plain, `signatureOf` tells apart.
 */
import type { Device } from '../device/device.ts';
import type { DType } from '../dtype/dtype.ts';
import type { Node } from '../graph/node.ts';
import type { Shape } from '../shape/shape.ts';
import { TensorHandle } from '../tensor/handle.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** A tensor by its type, or any other value that has no parts. */
type Part =
  | {
      readonly kind: 'tensor';
      readonly dtype: DType;
      readonly shape: Shape;
      readonly device: Device;
      readonly isTracked: boolean;
      /** The first argument that is the same tensor. */
      readonly first: number;
    }
  | { readonly kind: 'value'; readonly value: unknown };

/** The form of plain arguments. */
export interface Form {
  readonly parts: readonly Part[];
  /** The distinct tensors of a call, in the same list each time. */
  readonly tensors: Tensor[];
}

/** The form of arguments that are tensors without lengths, and values without parts; undefined for others. */
export function formOf(args: readonly unknown[]): Form | undefined {
  const parts: Part[] = [];
  for (const [position, value] of args.entries()) {
    if (value instanceof TensorHandle) {
      const node = value.boundNode;
      if (!node || node.lengths) return undefined;
      const { dtype, shape, device } = node;
      const isTracked = node.gradientRole !== 'none';
      parts.push({ kind: 'tensor', dtype, shape, device, isTracked, first: args.indexOf(value) });
    } else if ((typeof value === 'object' && value !== null) || typeof value === 'function') return undefined;
    else parts.push({ kind: 'value', value });
    if (position > mostArguments) return undefined;
  }
  return { parts, tensors: [] };
}

/** Of more arguments, each of which is compared with those before it, there is no form. */
const mostArguments = 16;

/** Whether arguments have a form. */
export function sameForm({ parts }: Form, args: readonly unknown[]): boolean {
  if (args.length !== parts.length) return false;
  for (let position = 0; position < parts.length; position++) {
    const part = parts[position] as Part;
    const value = args[position];
    if (part.kind === 'value') {
      if (!Object.is(part.value, value)) return false;
    } else if (!(value instanceof TensorHandle) || args.indexOf(value) !== part.first) return false;
    else if (!sameType(part, value.boundNode)) return false;
  }
  return true;
}

function sameType(part: Extract<Part, { readonly kind: 'tensor' }>, node: Node | undefined): boolean {
  if (!node || node.lengths || node.dtype !== part.dtype || node.device !== part.device) return false;
  if ((node.gradientRole !== 'none') !== part.isTracked || node.shape.length !== part.shape.length) return false;
  for (let axis = 0; axis < part.shape.length; axis++) if (node.shape[axis] !== part.shape[axis]) return false;
  return true;
}

/** The distinct tensors among arguments of a form. */
export function tensorsOf({ parts, tensors }: Form, args: readonly unknown[]): readonly Tensor[] {
  let count = 0;
  for (let position = 0; position < parts.length; position++) {
    const part = parts[position] as Part;
    if (part.kind === 'tensor' && part.first === position) tensors[count++] = args[position] as Tensor;
  }
  return tensors;
}
