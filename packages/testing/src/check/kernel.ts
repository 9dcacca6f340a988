/** Checks a kernel made by `defineKernel`: every implementation and its decomposition against its reference, and its gradient. */
import {
  createReferenceDevice,
  device,
  DeviceError,
  type Case,
  type Chooser,
  type Device,
  type Kernel,
  type OpEntry,
  type Tolerance,
} from '@espalier/tensor';
import type { DrawOptions } from '../settings.ts';
import { checkOpGradient } from './gradient.ts';
import { checkOp } from './op.ts';

/** Options of `checkKernel`. */
export interface KernelCheckOptions extends DrawOptions {
  /** Draws inputs the kernel is defined on. Default: f32 inputs of one drawn shape, holding any values. */
  readonly domain?: (choose: Chooser) => Case;
  /** Draws inputs around which the kernel is smooth. Default: f64 inputs of one drawn shape, between -2 and 2. */
  readonly smooth?: (choose: Chooser) => Case;
  /** How far an implementation may be from the reference. Default: 4 ulps. */
  readonly tolerance?: Tolerance;
  /** Where to run it. Default: cpu, and webgpu if the kernel has WGSL and there is an adapter. */
  readonly devices?: readonly Device[];
  /** False where a device may flush subnormal numbers to zero. Default: false on webgpu alone. */
  readonly subnormals?: boolean;
}

/** What `checkKernel` did. */
export interface KernelReport {
  /** Cases that agreed, for each device; those of the decomposition on cpu under `decomposition`. */
  readonly cases: Readonly<Record<string, number>>;
  /** Cases whose gradient agreed with finite differences; 0 for a kernel without one. */
  readonly gradientCases: number;
  /** The seed they were drawn from. */
  readonly seed: number;
}

/**
 * Compares each implementation of `kernel`, and what it decomposes into, with its reference on drawn shapes, views, values and
 * attributes, and its gradient (if it has one, or parts that have) with finite differences.
 * @throws {CheckError} with the smallest failing case.
 */
export async function checkKernel(kernel: Kernel, options: KernelCheckOptions = {}): Promise<KernelReport> {
  const { name, inputs, gradient, decompose } = kernel.description;
  const differentiable = gradient !== undefined || decompose !== undefined;
  const {
    domain = sameShape(inputs, 'f32', { kind: 'any' }),
    smooth = sameShape(inputs, 'f64', { kind: 'range', low: -2, high: 2 }),
  } = options;
  const entry: OpEntry = {
    name: `kernel '${name}'`,
    family: 'composite',
    summary: name,
    run: (tensors, attributes) => kernel(tensors, attributes as Parameters<Kernel>[1]),
    domain,
    ...(differentiable && { smooth }),
    ...(options.tolerance && { tolerance: options.tolerance }),
  };
  const cases: Record<string, number> = {};
  let seed = options.seed;
  for (const each of options.devices ?? (await devicesFor(kernel))) {
    const { subnormals = !each.name.startsWith('webgpu') } = options;
    const report = await checkOp(entry, each, { ...options, subnormals });
    cases[each.name] = report.cases;
    seed = report.seed;
  }
  if (decompose) {
    const oracle = createReferenceDevice('oracle');
    const parts: OpEntry = {
      ...entry,
      name: `the decomposition of kernel '${name}'`,
      run: (tensors, attributes) => {
        const run = tensors[0]?.device === oracle ? kernel : decompose;
        return [...run(tensors, attributes as Parameters<Kernel>[1] & object)];
      },
    };
    const report = await checkOp(parts, await device('cpu'), { ...options, reference: oracle });
    cases['decomposition'] = report.cases;
  }
  const { tolerance: _, ...drawing } = options;
  const gradientReport = differentiable ? await checkOpGradient(entry, drawing) : undefined;
  return { cases, gradientCases: gradientReport?.cases ?? 0, seed: seed ?? gradientReport?.seed ?? 0 };
}

async function devicesFor(kernel: Kernel): Promise<Device[]> {
  const cpu = await device('cpu');
  if (!kernel.description.wgsl) return [cpu];
  const gpu = await device('webgpu').catch((error: unknown) => {
    if (error instanceof DeviceError) return undefined;
    throw error;
  });
  return gpu ? [cpu, gpu] : [cpu];
}

function sameShape(
  inputs: number,
  dtype: 'f32' | 'f64',
  values: Case['inputs'][number]['values'],
): (choose: Chooser) => Case {
  return (choose) => {
    const shape = choose.shape({ minRank: 1 });
    return { inputs: Array.from({ length: inputs }, () => ({ shape, dtype, values })), attributes: {} };
  };
}
