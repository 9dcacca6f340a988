/** What the files beside this one make of a spec: a function over its bound elements. */
import type { Elements } from './elements.ts';
import { InternalError } from '../../errors.ts';

/** Runs one kernel on its bindings, in the order of `spec.bindings`, and on the memory that it asked for. */
export type Interpreter = (elements: readonly Elements[], scratch: readonly Uint8Array[]) => void;

/** Binding number `binding`; a spec that names one it does not have is a planner's bug. */
export function boundTo(elements: readonly Elements[], binding: number): Elements {
  const found = elements[binding];
  if (found === undefined)
    throw new InternalError(
      'reference',
      `binding ${binding} of ${elements.length} does not exist: the kernel spec and its call disagree`,
    );
  return found;
}
