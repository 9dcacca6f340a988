/** What a kernel computes, in one line. */
import type { KernelSpec } from '../kernel/spec.ts';
import { showSpec } from '../kernel/show-spec.ts';

const letters = 'abcdefghijklmnopqrstuvwxyz';

/** Names of bindings: letters, with the dtype where that is not f32. */
function namesOf({ bindings }: KernelSpec): string[] {
  return bindings.map(({ dtype }, binding) => {
    const letter = letters[binding] ?? `b${binding}`;
    return dtype === 'f32' ? letter : `${letter}:${dtype}`;
  });
}

/** A kernel as text: what it walks over, and what it computes for each element. Kernels that differ have different ones. */
export function kernelText(spec: KernelSpec): string {
  const names = namesOf(spec);
  const text = showSpec(spec, names).join('; ');
  const shapes =
    spec.kind === 'custom' ? ` of ${JSON.stringify(spec.inputShapes)} to ${JSON.stringify(spec.outputShapes)}` : '';
  const isPlain = spec.kind === 'scan' || spec.kind === 'sort' || spec.kind === 'scatter-add' || spec.kind === 'custom';
  return `${text}${shapes}${isPlain ? ` (${names.join(', ')})` : ''}`;
}
