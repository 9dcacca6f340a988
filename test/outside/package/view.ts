/** A view that holds the weights of each row inside a limit. */
import type { ParameterView } from '@espalier/nn';
import type { ViewType } from '@espalier/optimize';
import { ArgumentError, type Tensor } from '@espalier/tensor';

/** Shows no weight further from 0 than the limit of its row. */
export class Ceiling implements ParameterView {
  readonly name: string = 'ceiling';
  /** f32 [rows, 1]. */
  readonly limit: Tensor;

  constructor(limit: Tensor) {
    this.limit = limit.realizeSync();
  }

  readonly apply = (weight: Tensor): Tensor => weight.minimum(this.limit).maximum(this.limit.neg());

  readonly state = (): ReadonlyMap<string, Tensor> => new Map([['limit', this.limit]]);
}

export const ceiling: ViewType<Ceiling> = {
  name: 'ceiling',
  is: (view) => view instanceof Ceiling,
  save: ({ limit }) => ({ arrays: { limit } }),
  load: ({ arrays: { limit } }, { shape }) => {
    if (limit?.shape.join() !== `${shape[0]},1`)
      throw new ArgumentError('ceiling', `limit must be [${shape[0]}, 1], one for each row`);
    return new Ceiling(limit);
  },
  effects: ['limits'],
};
