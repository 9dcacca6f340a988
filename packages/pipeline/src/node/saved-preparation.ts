/** The preparation that was saved with a model. */
import { ConfigError, type Json } from '@espalier/nn';
import { UsageError } from '../errors.ts';

/**
 * What reading it gives.
 * @throws {UsageError} naming the folder of the model, for one that is damaged.
 */
export function savedPreparation<Kind>(folder: string, read: () => Kind): Kind {
  try {
    return read();
  } catch (error) {
    if (error instanceof ConfigError) throw new UsageError(`${folder}: its preparation is damaged: ${error.message}`);
    throw error;
  }
}

/** How data is parted. */
export interface Parting {
  readonly seed: number;
  readonly group?: string;
  readonly time?: string;
  /** Whether the data was larger than memory, whose parts none that is held has. */
  readonly streamed?: boolean;
}

/** A preparation with how its data was parted, so that who goes on with the model judges by what it was not shown. */
export const withParting = (preparation: object, { seed, group, time, streamed }: Parting): Json => ({
  ...(preparation as { readonly [key: string]: Json }),
  parted: {
    seed,
    ...(group !== undefined && { group }),
    ...(time !== undefined && { time }),
    ...(streamed === true && { streamed }),
  },
});

/** How the data of a model was parted; by a seed, where it does not say that. */
export const partingOf = (preparation: Json, seed: number): Parting => ({
  seed,
  ...(Reflect.get(Object(preparation), 'parted') as Partial<Parting> | undefined),
});
