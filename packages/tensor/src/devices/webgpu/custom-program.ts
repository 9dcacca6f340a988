/** Users' kernels as programs. */
import { DeviceError } from '../../errors.ts';
import { siteOf } from '../../kernel/custom-site.ts';
import type { CustomSpec } from '../../kernel/spec.ts';
import { slotsOf } from './loop/map-kernel.ts';
import type { Profile, Program } from './program.ts';

const buffersOf = ({ bindings, scratch = [] }: CustomSpec): number => bindings.length + scratch.length;

/** Whether a kernel has a WGSL implementation, and buffers that the adapter can bind at once. */
export function acceptsCustom(spec: CustomSpec, { maxBindings }: Profile): boolean {
  return spec.definition.wgsl !== undefined && buffersOf(spec) <= maxBindings;
}

/**
 * The program of a kernel that has a WGSL implementation.
 * @throws {DeviceError} when it has none, or more buffers than the adapter binds.
 */
export function customProgram(spec: CustomSpec, { maxBindings }: Profile): Program {
  const implementation = spec.definition.wgsl?.(siteOf(spec));
  if (implementation === undefined)
    throw new DeviceError(
      'webgpu prepare',
      `the kernel "${spec.name}" has no WGSL implementation: run it on the reference device, or give defineKernel a wgsl or a decompose`,
    );
  if (buffersOf(spec) > maxBindings)
    throw new DeviceError(
      'webgpu prepare',
      `the kernel "${spec.name}" has ${buffersOf(spec)} buffers, and this adapter binds ${maxBindings}: join some, or give defineKernel a decompose`,
    );
  const { code, entryPoint = 'main', workgroups } = implementation;
  const label = `kernel ${spec.name}`;
  const { scratch = [] } = spec;
  const slots = slotsOf([...spec.bindings, ...scratch.map(() => ({ dtype: 'u32', access: 'write' }) as const)]);
  const idle = workgroups.some((count) => count === 0);
  return { label, stages: idle ? [] : [{ code, entryPoint, slots, workgroups }], scratch };
}
