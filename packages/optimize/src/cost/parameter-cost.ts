/** What one parameter costs to store. */
import type { Parameter } from '@espalier/nn';
import { dtypes, type DType, type KernelChoice, type Shape } from '@espalier/tensor';
import { countNonZeros, hasLayout, materialize, type WeightDescription } from '../layout/materialize.ts';
import { isOptimizedWeight } from '../layout/optimized-weight.ts';
import { packViewed } from '../layout/viewed-weight.ts';
import { isViewed, uncarried } from '../views/carried.ts';

/** The costs of one parameter. */
export interface ParameterCost {
  readonly name: string;
  readonly shape: Shape;
  readonly nonZeros: number;
  /** `dense`, `bitmask` or `csr`; `encoded` for a weight that is stored in a format of its own, `viewed` for one under registered views. */
  readonly layout: WeightDescription['layout'] | 'encoded' | 'viewed';
  /** `float32`, a number format such as `int8`, the dtype of the tensor, or the name of the format. */
  readonly format: string;
  /** Bytes of its arrays in the file. */
  readonly bytes: number;
  /** What its products with one example run on, for a weight that is stored in a format when the model is loaded. */
  readonly kernel?: KernelChoice;
}

/** What a parameter takes in a file, and how it stands there. */
export async function measureParameter(name: string, parameter: Parameter): Promise<ParameterCost> {
  const { shape, dtype, stored } = parameter;
  if (stored && !isOptimizedWeight(stored)) {
    const nonZeros = countNonZeros(await parameter.value.data());
    const { format, bytes } = stored.matrix;
    return { name, shape, nonZeros, layout: 'encoded', format: format.name, bytes };
  }
  if (isViewed(parameter) && !uncarried(parameter)) {
    const nonZeros = countNonZeros(await parameter.value.data());
    const { arrays } = await packViewed(parameter);
    const bytes = [...arrays.values()].reduce((sum, array) => sum + array.bytes.length, 0);
    return { name, shape, nonZeros, layout: 'viewed', format: formatOf(dtype), bytes };
  }
  if (hasLayout(parameter)) {
    const { layout, format, bytes, nonZeros } = await materialize(parameter, name);
    return { name, shape, nonZeros, layout, format, bytes };
  }
  const nonZeros = countNonZeros(await parameter.value.data());
  const bytes = parameter.size * dtypes[dtype].bytes;
  return { name, shape, nonZeros, layout: 'dense', format: formatOf(dtype), bytes };
}

const formatOf = (dtype: DType): string => (dtype === 'f32' ? 'float32' : dtype);
