/** What comes into a layer, kept between layers: a piece at a time, in memory or wherever somebody keeps it. */
import { dataset, type Dataset, type Module } from '@espalier/nn';
import { ArgumentError, fromTyped, noGrad, zeros, type Device, type Tensor } from '@espalier/tensor';
import type { Piece } from './pieces.ts';

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

/** What states are of, and where they are computed with. */
export interface StatesOf {
  readonly pieces: readonly Piece[];
  readonly width: number;
  readonly device: Device;
}

/** Goes on from what comes into a layer to what it gives, a piece at a time. */
export async function throughLayer(
  layer: Module,
  states: StateStore,
  { pieces, width, device }: StatesOf,
): Promise<void> {
  for (const [index, { sequences, length }] of pieces.entries()) {
    using x = fromTyped(await states.read(index), [sequences.length, length, width], { device });
    using y = noGrad(() => layer.call(x));
    await states.write(index, Float32Array.from((await y.data()) as Float32Array));
  }
}

/**
 * States of pieces, [sequences, length, width] each: an example is a piece, which comes alone, since pieces are of different lengths.
 * The targets say nothing.
 */
export function statesAsData(store: StateStore, { pieces, width, device }: StatesOf): Dataset {
  return dataset({
    size: pieces.length,
    load: async (indices) => {
      const [index = 0] = indices;
      const { sequences, length } = pieces[index] as Piece;
      if (indices.length > 1)
        throw new ArgumentError('statesAsData', `${indices.length} pieces are asked for at once; they come one by one`);
      return { x: fromTyped(await store.read(index), [sequences.length, length, width], { device }) };
    },
    prepare: ({ x }) => {
      const states = x as Tensor;
      return { x: states, y: zeros([states.shape[0] as number], { dtype: 'i32', device }) };
    },
  });
}
