/** What comes into a layer, kept between layers: a sequence at a time, in memory or wherever somebody keeps it. */
import { dataset, type Dataset } from '@espalier/nn';
import { fromTyped, zeros, type Device, type Tensor } from '@espalier/tensor';

/** Keeps arrays by number. */
export interface StateStore {
  readonly read: (index: number) => Promise<Float32Array<ArrayBuffer>>;
  readonly write: (index: number, values: Float32Array<ArrayBuffer>) => Promise<void>;
}

/** Keeps them in memory. */
export function memoryStates(): StateStore {
  const kept = new Map<number, Float32Array<ArrayBuffer>>();
  return {
    read: (index) => Promise.resolve(kept.get(index) as Float32Array<ArrayBuffer>),
    write: (index, values) => Promise.resolve(void kept.set(index, values)),
  };
}

/** States [length, width] as examples; the targets say nothing. */
export function statesAsData(
  store: StateStore,
  {
    count,
    length,
    width,
    device,
  }: { readonly count: number; readonly length: number; readonly width: number; readonly device: Device },
): Dataset {
  return dataset({
    size: count,
    load: async (indices) => {
      const values = new Float32Array(indices.length * length * width);
      for (const [at, index] of indices.entries()) values.set(await store.read(index), at * length * width);
      return { x: fromTyped(values, [indices.length, length, width], { device }) };
    },
    prepare: ({ x }) => {
      const states = x as Tensor;
      return { x: states, y: zeros([states.shape[0] as number], { dtype: 'i32', device }) };
    },
  });
}
