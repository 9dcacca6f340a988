/** The weights of a parameter, as passes read and write them. */
import { fromTyped } from '@espalier/tensor';
import { RecipeError } from '../errors.ts';
import type { NamedParameter } from './parameter-filter.ts';

/**
 * What the module sees of a parameter, row-major.
 * @throws {RecipeError} naming the parameter, unless it is f32 and every value is finite: there is no rank and no code
 * for anything else.
 */
export async function readWeights(
  place: string,
  { name, parameter }: NamedParameter,
): Promise<Float32Array<ArrayBuffer>> {
  const { dtype } = parameter;
  if (dtype !== 'f32')
    throw new RecipeError(
      place,
      `${name} is ${dtype}, and only f32 can be worked on; exclude it, or build the model in f32`,
    );
  const values = (await parameter.value.data()) as Float32Array<ArrayBuffer>;
  const wrong = values.findIndex((value) => !Number.isFinite(value));
  if (wrong >= 0)
    throw new RecipeError(
      place,
      `${name} holds ${values[wrong]} at ${wrong}; start from a model whose training did not diverge, or exclude it`,
    );
  return values;
}

/** Gives a parameter new raw values. */
export function assignValues({ parameter }: NamedParameter, values: Float32Array<ArrayBuffer>): void {
  const { shape, device } = parameter.tensor;
  parameter.tensor.assign(fromTyped(values, shape, { device }).realizeSync());
}
