/** What one parameter costs to store. */
import type { Parameter } from '@espalier/nn';
import { dtypes, type DType, type KernelChoice, type Shape } from '@espalier/tensor';
import { packEncoded } from '../layout/encoded-weight.ts';
import { codeEncoded, codeLayout } from '../layout/entropy-coding.ts';
import { fileFormOf, isReformed } from '../layout/file-form.ts';
import { bytesOf, countNonZeros, hasLayout, materialize, type WeightDescription } from '../layout/materialize.ts';
import type { PackOptions } from '../layout/model-file.ts';
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
export async function measureParameter(
  name: string,
  parameter: Parameter,
  { entropy = false }: PackOptions = {},
): Promise<ParameterCost> {
  const { shape, dtype, stored } = parameter;
  if (stored && !isOptimizedWeight(stored)) {
    const nonZeros = countNonZeros(await parameter.value.data());
    const { format, bytes } = stored.matrix;
    if (!entropy && !isReformed(stored))
      return { name, shape, nonZeros, layout: 'encoded', format: format.name, bytes };
    const form = await fileFormOf(stored);
    const arrays = entropy ? codeEncoded(form) : packEncoded(form);
    return { name, shape, nonZeros, layout: 'encoded', format: form.format.name, bytes: bytesOf(arrays) };
  }
  if (isViewed(parameter) && !uncarried(parameter)) {
    const nonZeros = countNonZeros(await parameter.value.data());
    const { arrays } = await packViewed(parameter);
    return { name, shape, nonZeros, layout: 'viewed', format: formatOf(dtype), bytes: bytesOf(arrays) };
  }
  if (hasLayout(parameter)) {
    const weight = await materialize(parameter, name);
    const { layout, format, nonZeros } = weight;
    const bytes = entropy ? bytesOf(codeLayout(weight)) : weight.bytes;
    return { name, shape, nonZeros, layout, format, bytes };
  }
  const nonZeros = countNonZeros(await parameter.value.data());
  const bytes = parameter.size * dtypes[dtype].bytes;
  return { name, shape, nonZeros, layout: 'dense', format: formatOf(dtype), bytes };
}

const formatOf = (dtype: DType): string => (dtype === 'f32' ? 'float32' : dtype);
