/** Random kernel specs on a device against the reference device, below the level of tensors. */
import { createReferenceDevice, type Device, type KernelSpec } from '@espalier/tensor';
import fc from 'fast-check';
import type { CheckReport, DrawOptions } from '../settings.ts';
import { checkProperty } from './property.ts';
import { drawAttention, drawAttentionGradient } from './specs/attention.ts';
import { compareOnSpec, type SpecCase } from './specs/case.ts';
import { drawConv2d, drawMatmul } from './specs/contraction.ts';
import { drawEncodedMatmul } from './specs/encoded.ts';
import { drawLoop } from './specs/loop.ts';
import { drawScan, drawScatterAdd, drawSort } from './specs/ordering.ts';

/** The kinds of specs that can be drawn: all but the user's own kernels, which `checkKernel` is for. */
export type DrawnKind = Exclude<KernelSpec['kind'], 'custom'>;

const draws: Readonly<Record<DrawnKind, (draw: fc.GeneratorValue, device: Device) => SpecCase>> = {
  loop: drawLoop,
  matmul: drawMatmul,
  'encoded-matmul': drawEncodedMatmul,
  conv2d: drawConv2d,
  attention: drawAttention,
  'attention-gradient': drawAttentionGradient,
  scan: drawScan,
  sort: drawSort,
  'scatter-add': drawScatterAdd,
};

/** Every kind that `checkKernelSpecs` can draw. */
export const drawnKinds: readonly DrawnKind[] = Object.keys(draws) as DrawnKind[];

/**
 * Draws specs of one kind (dtypes, strides, sizes, attributes), runs those that `device` accepts on it and on a
 * reference device, and compares every binding bit for bit: values are small whole numbers, and results stay exact. For
 * people who write a device.
 * @throws {CheckError} with the smallest failing spec.
 */
export async function checkKernelSpecs(
  device: Device,
  kind: DrawnKind,
  options: DrawOptions = {},
): Promise<CheckReport> {
  const reference = createReferenceDevice('oracle');
  const cases = fc.gen().map((draw) => draws[kind](draw, device));
  const holds = async (drawn: SpecCase): Promise<void> => {
    if (kind === 'loop' || device.accepts(drawn.spec)) await compareOnSpec(drawn, device, reference);
  };
  return checkProperty(`${kind} kernels on ${device.name}`, cases, holds, options, 60);
}
