/** How an op with kernels of its own turns into device work. */
import type { Device } from '../device/device.ts';
import type { KernelSpec } from '../kernel/spec.ts';
import type { Layout } from '../shape/layout.ts';
import type { ResultType } from './op.ts';

/** What a binding of a step refers to: an input or output of the op. */
export type KernelOperand = { readonly input: number } | { readonly output: number };

/** One kernel of an op, with what its bindings refer to in order. */
export interface KernelStep {
  readonly spec: KernelSpec;
  readonly operands: readonly KernelOperand[];
}

/** The results of a kernel op, and its kernels once the layouts of its inputs are known. */
export interface KernelPlan {
  readonly outputs: readonly ResultType[];
  readonly steps: (inputs: readonly Layout[], device: Device) => readonly KernelStep[];
}
