/** The types of tensors of GGUF by their numbers. */
import { fileDType } from '../../tensors/dtypes.ts';

/** Number and name; those that are not here are of no current file. */
const types: readonly (readonly [number: number, name: string])[] = [
  [0, 'F32'],
  [1, 'F16'],
  [2, 'Q4_0'],
  [3, 'Q4_1'],
  [6, 'Q5_0'],
  [7, 'Q5_1'],
  [8, 'Q8_0'],
  [9, 'Q8_1'],
  [10, 'Q2_K'],
  [11, 'Q3_K'],
  [12, 'Q4_K'],
  [13, 'Q5_K'],
  [14, 'Q6_K'],
  [15, 'Q8_K'],
  [16, 'IQ2_XXS'],
  [17, 'IQ2_XS'],
  [18, 'IQ3_XXS'],
  [19, 'IQ1_S'],
  [20, 'IQ4_NL'],
  [21, 'IQ3_S'],
  [22, 'IQ2_S'],
  [23, 'IQ4_XS'],
  [24, 'I8'],
  [25, 'I16'],
  [26, 'I32'],
  [27, 'I64'],
  [28, 'F64'],
  [29, 'IQ1_M'],
  [30, 'BF16'],
  [34, 'TQ1_0'],
  [35, 'TQ2_0'],
  [39, 'MXFP4'],
  [40, 'NVFP4'],
  [41, 'Q1_0'],
  [42, 'Q2_0'],
];

const names: ReadonlyMap<number, string> = new Map(types);
const numbers: ReadonlyMap<string, number> = new Map(types.map(([number, name]) => [name, number]));

/** The dtype of a number; undefined for one that no current file has. */
export function ggufDType(number: number): ReturnType<typeof fileDType> {
  const name = names.get(number);
  return name === undefined ? undefined : fileDType(name);
}

/** The number of a dtype; undefined for one that the format has not. */
export function ggufNumber(dtype: string): number | undefined {
  return numbers.get(dtype);
}
