/** Steps of Espalier: compiled, on operands that lie on the device. */
import { compile, fromTyped, type Tensor } from '@espalier/tensor';
import type { Operand, Prepared, Surroundings } from '../problem.ts';

/** A tensor that has left JavaScript memory, from which a compiled step would send it at each call. */
export function placed({ values, shape }: Operand, storage: Surroundings['storage'] = 'f32'): Tensor {
  const made = fromTyped(values, [...shape]);
  const onDevice = values instanceof Int32Array ? made.add(0) : made.cast('f64').cast(storage);
  return onDevice.realizeSync();
}

/** A compiled step, of which the results of the last call are kept. */
export function repeated(make: (inputs: readonly Tensor[]) => readonly Tensor[], inputs: readonly Tensor[]): Prepared {
  const step = compile(make);
  let made: readonly Tensor[] = [];
  return {
    step: () => {
      for (const tensor of made) tensor.dispose();
      made = step(inputs);
    },
    results: async () => {
      const lists = await Promise.all(made.map(async (tensor) => [...(await tensor.cast('f64').data())].map(Number)));
      return lists.flat();
    },
  };
}
