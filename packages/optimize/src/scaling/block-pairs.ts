/** Pairs of layers inside the blocks of transformers, whose order no sequence says. */
import { FeedForward, Residual, SelfAttention, type Module, type Parameter } from '@espalier/nn';
import { isMaskedOnly } from '../layout/masked-only.ts';
import type { ScaledLayer, ScaledPair } from './layers.ts';

/** Activations between `up` and `down` of which c · y comes for c · x. */
const homogeneous: ReadonlySet<string> = new Set(['relu', 'leaky-relu', 'identity']);

const own = (module: Module): Map<string, Parameter> => module.namedParameters({ own: true });

/**
 * A norm and all that its output goes into; `value` and `out` of attention in which each head has values of its own; `up` and `down`,
 * where what lies between leaves factors as they are. A norm behind a sum is none: what it gives goes the way around, too.
 */
export function blockPairs(
  model: Module,
  layers: readonly ScaledLayer[],
  isAlone: (module: Module) => boolean,
): ScaledPair[] {
  const pair = (from: Module, to: readonly Module[]): ScaledPair[] => {
    const [first, ...others] = to.flatMap((module) => layers.find((layer) => layer.module === module) ?? []);
    const parameters = own(from);
    const [gain] = parameters.values();
    const isFree = [from, ...to].every((module) => isAlone(module)) && [...parameters.values()].every(isMaskedOnly);
    if (!first || others.length + 1 < to.length || !gain || !isFree) return [];
    const weight = from.type === 'linear' ? parameters.get('weight') : undefined;
    return [{ from: [...parameters.values()], weight, channels: gain.shape[0] as number, to: first, together: others }];
  };
  return [...model.namedModules().values()].flatMap((module) => {
    if (module instanceof Residual && module.norm && module.order === 'before') {
      const { body, norm } = module;
      if (body instanceof SelfAttention) return pair(norm, [body.query, body.key, body.value]);
      if (body instanceof FeedForward) return pair(norm, body.gate ? [body.gate, body.up] : [body.up]);
    }
    if (module instanceof SelfAttention)
      return module.value.options.out === module.out.options.in ? pair(module.value, [module.out]) : [];
    if (module instanceof FeedForward)
      return module.gate || homogeneous.has(module.activation.type) ? pair(module.up, [module.down]) : [];
    return [];
  });
}
