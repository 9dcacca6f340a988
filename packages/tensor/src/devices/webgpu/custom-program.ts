/** Users' kernels as programs. */
import { DeviceError } from '../../errors.ts';
import type { KernelSite } from '../../kernel/definition.ts';
import type { CustomSpec } from '../../kernel/spec.ts';
import { slotsOf } from './loop/map-kernel.ts';
import type { Program } from './program.ts';

/**
 * The program of a kernel that has a WGSL implementation.
 * @throws {DeviceError} when it has none.
 */
export function customProgram(spec: CustomSpec): Program {
  const dtypeOf = (position: number): CustomSpec['bindings'][number]['dtype'] =>
    spec.bindings[position]?.dtype ?? 'f32';
  const site: KernelSite = {
    inputs: spec.inputShapes.map((shape, position) => ({ shape, dtype: dtypeOf(position) })),
    outputs: spec.outputShapes.map((shape, position) => ({
      shape,
      dtype: dtypeOf(spec.inputShapes.length + position),
    })),
    attributes: spec.attributes,
  };
  const implementation = spec.definition.wgsl?.(site);
  if (implementation === undefined)
    throw new DeviceError(
      'webgpu prepare',
      `the kernel "${spec.name}" has no WGSL implementation: run it on the reference device, or give defineKernel a wgsl`,
    );
  const { code, entryPoint = 'main', workgroups } = implementation;
  const label = `kernel ${spec.name}`;
  const idle = workgroups.some((count) => count === 0);
  return { label, stages: idle ? [] : [{ code, entryPoint, slots: slotsOf(spec.bindings), workgroups }], scratch: [] };
}
