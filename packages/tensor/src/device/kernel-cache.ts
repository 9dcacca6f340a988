/** The kernels that a device keeps ready. */
import { RecentlyUsed } from '../cache/recently-used.ts';
import type { KernelSpec } from '../kernel/spec.ts';
import type { PreparedKernel } from './device.ts';

/**
 * A device keeps this many kernels. One that was not asked for in a long time goes, is garbage as soon as no plan uses it,
 * and is compiled again when it is asked for once more.
 */
export const mostKernels = 2048;

/** Prepared kernels by what they do: the 2048 most recently asked for. */
export class KernelCache<Kernel extends PreparedKernel> {
  readonly #kernels = new RecentlyUsed<Kernel>(mostKernels);

  /** The kernel of a spec, made if it is not there. */
  find(spec: KernelSpec, make: () => Kernel): Kernel {
    return this.#kernels.find(keyOf(spec), make);
  }

  /** Lets go of all kernels. */
  clear(): void {
    this.#kernels.clear();
  }
}

/** A custom kernel is known by its id: its definition holds functions, which JSON drops. */
function keyOf(spec: KernelSpec): string {
  return JSON.stringify(spec.kind === 'custom' ? { ...spec, definition: undefined } : spec);
}
