/** Which batch norms are a part of the layer before them. */
import { BatchNorm, Conv2d, Linear, type Module } from '@espalier/nn';
import type { Shape } from '@espalier/tensor';
import { isMaskedOnly } from '../layout/masked-only.ts';
import { sequencesOf, standingAlone } from '../scaling/layers.ts';
import { isPlain } from '../structured/plain-model.ts';

/** A layer and the norm of what it gives. */
export interface FoldedPair {
  /** The dotted name of the layer. */
  readonly name: string;
  readonly layer: Conv2d | Linear;
  readonly norm: BatchNorm;
}

/** A norm that stays, and why. */
export interface KeptNorm {
  readonly name: string;
  readonly reason: string;
}

/**
 * The norms that follow a convolution or linear layer in a sequence, and all others with the reason. A norm takes axis 1: that
 * is what a convolution gives, but what a linear layer gives only where an example is a row, as an example's shape tells.
 */
export function foldablePairs(model: Module, example: Shape | undefined): { pairs: FoldedPair[]; kept: KeptNorm[] } {
  const names = new Map([...model.namedModules()].map(([name, module]) => [module, name]));
  const before = new Map<Module, Module>();
  for (const sequence of sequencesOf(model))
    for (const [index, module] of sequence.entries()) if (index > 0) before.set(module, sequence[index - 1] as Module);
  const isAlone = standingAlone(model);
  const ranks = example && ranksOf(model, example);
  const pairs: FoldedPair[] = [];
  const kept: KeptNorm[] = [];
  for (const [name, norm] of model.namedModules()) {
    if (!(norm instanceof BatchNorm)) continue;
    const layer = before.get(norm);
    const reason = reasonToKeep(layer, norm, isAlone, ranks);
    if (reason === undefined) pairs.push({ name: names.get(layer as Module) as string, layer: layer as Conv2d, norm });
    else kept.push({ name, reason });
  }
  return { pairs, kept };
}

function reasonToKeep(
  layer: Module | undefined,
  norm: BatchNorm,
  isAlone: (module: Module) => boolean,
  ranks: ReadonlyMap<Module, number> | undefined,
): string | undefined {
  if (!(layer instanceof Conv2d || layer instanceof Linear)) return 'no layer with a weight is right before it';
  if (!isAlone(layer) || !isAlone(norm)) return 'it or the layer before it has a second place, or shares a parameter';
  if (layer.options.out !== norm.options.features) return 'it does not norm what the layer before it gives by channels';
  if (layer instanceof Linear && ranks?.get(norm) !== 2)
    return ranks ? 'it norms positions, not what a linear layer gives' : 'no example tells what it norms';
  const whole = [layer.bias, norm.weight, norm.bias].filter((each) => each !== undefined);
  if (!whole.every(isPlain) || !isMaskedOnly(layer.weight)) return 'it or the layer before it is rounded, or masked';
  return undefined;
}

/** Of how many axes what goes into modules is, with that of the batch. */
function ranksOf(model: Module, example: Shape): ReadonlyMap<Module, number> {
  const ranks = new Map<Module, number>();
  model.visit(example, ({ module, inputShape }) => void ranks.set(module, inputShape.length + 1));
  return ranks;
}
