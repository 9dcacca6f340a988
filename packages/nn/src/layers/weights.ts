/** The parameters every layer with weights has. */
import type { Shape, Tensor } from '@espalier/tensor';
import { fansOf, type InitialiserConfig } from '../init/initialiser.ts';
import { initialiser } from '../init/table.ts';
import type { BuildContext } from '../module/build-context.ts';

/** What a layer starts from if nothing is said: U(±1/√fanIn) by Kaiming's rule, as PyTorch's layers do. */
export const defaultInit: InitialiserConfig = {
  type: 'kaiming-uniform',
  nonlinearity: 'leaky-relu',
  slope: Math.sqrt(5),
};

/** Initial values of the weight and of the bias that goes with it; the bias sees the fans of the weight. */
export function initialWeights(
  weight: Shape,
  bias: Shape | undefined,
  options: { readonly init: string | InitialiserConfig; readonly biasInit: string | InitialiserConfig },
  context: BuildContext,
): { readonly weight: Tensor; readonly bias: Tensor | undefined } {
  const fans = fansOf(weight);
  return {
    weight: initialiser(options.init)(weight, fans, context),
    bias: bias && initialiser(options.biasInit)(bias, fans, context),
  };
}
