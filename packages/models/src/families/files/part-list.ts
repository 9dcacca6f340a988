/** Where layers with a weight, and perhaps a bias, are in a file. */
import type { TensorPart } from '../../tensors/parts.ts';

type Tensors = readonly ('weight' | 'bias')[];

/** The tensors of layers without a bias. */
export const justWeight: Tensors = ['weight'];
/** Those of layers with one. */
export const weightAndBias: Tensors = ['weight', 'bias'];

/** Notes where the tensors of a layer are; of a bias there is nothing to transpose. */
export function putPart(parts: Map<string, TensorPart>, own: string, part: TensorPart, tensors: Tensors): void {
  for (const tensor of tensors) {
    const { transposed, ...others } = part;
    parts.set(`${own}.${tensor}`, {
      ...others,
      name: `${part.name}.${tensor}`,
      ...(transposed && tensor === 'weight' && { transposed }),
    });
  }
}
