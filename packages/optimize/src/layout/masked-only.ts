/** Which weights are plain numbers but for what was pruned of them. */
import type { Parameter } from '@espalier/nn';
import { MaskView } from '../prune/mask-view.ts';
import { isOptimizedWeight } from './optimized-weight.ts';

/**
 * Whether the raw values of a parameter are what the model computes with, but for what a mask dropped. One that was loaded is
 * stored without what was dropped; asked for its tensor or its views, it is dense with a mask.
 */
export function isMaskedOnly(parameter: Parameter): boolean {
  const { stored } = parameter;
  if (stored) return isOptimizedWeight(stored) && stored.quantization === undefined;
  return parameter.views.every((view) => view instanceof MaskView);
}
