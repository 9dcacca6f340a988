/**
 * What a kernel spec becomes on this device: WGSL modules to run one after another, as plain data.
 */
import { prod } from './numbers.ts';

/** One dispatch. Equal `code` is compiled once, so stages may share a module and differ in `parameters`. */
export interface Stage {
  readonly code: string;
  readonly entryPoint: string;
  /**
   * What is bound at 0, 1, 2 … of group 0. Slots count the bindings of the spec first, then the program's scratch buffers.
   */
  readonly slots: readonly { readonly slot: number; readonly writable: boolean }[];
  readonly workgroups: readonly [number, number, number];
  /** Four u32 bound as `var<uniform> parameters: vec4<u32>` after the slots. */
  readonly parameters?: readonly [number, number, number, number];
}

/** The stages of one kernel and the sizes in bytes of the scratch buffers they share, for which the plan finds room. */
export interface Program {
  /** Names the kernel in errors and in the labels of GPU objects. */
  readonly label: string;
  readonly stages: readonly Stage[];
  readonly scratch: readonly number[];
}

/** What kernels need to know about the adapter to choose their shape. */
export interface Profile {
  /** The GPU is emulated on the CPU: barriers are dear, and nothing is gained by staging tiles in workgroup memory. */
  readonly software: boolean;
  readonly maxInvocations: number;
  readonly workgroupBytes: number;
  readonly maxBindings: number;
  /** Four products of bytes are one instruction: WGSL has `dot4I8Packed`. */
  readonly packedDots: boolean;
}

/** The most workgroups in one dimension of a dispatch; the same on all adapters. */
const maxGroups = 65535;

/** Spreads a number of workgroups over three dimensions, as evenly as needed. */
export function gridOf(groups: number): readonly [number, number, number] {
  const y = Math.ceil(groups / maxGroups);
  if (y <= maxGroups) return [y <= 1 ? groups : Math.ceil(groups / y), Math.max(y, 1), 1];
  const z = Math.ceil(y / maxGroups);
  return [maxGroups, Math.ceil(y / z), z];
}

/** The WGSL for the linear workgroup number in a grid made by `gridOf`, fit to be multiplied. */
export function groupNumber(grid: readonly [number, number, number]): string {
  if (grid[1] === 1) return 'group.x';
  return grid[2] === 1
    ? `(group.x + group.y * ${grid[0]}u)`
    : `(group.x + (group.y + group.z * ${grid[1]}u) * ${grid[0]}u)`;
}

/** True if the grid holds more workgroups than were asked for, so that the last ones have to do nothing. */
export function gridOverhangs(grid: readonly [number, number, number], groups: number): boolean {
  return prod(grid) > groups;
}
