/** Which dtype an operation on several dtypes yields. */
import { dtypes, type DType } from './dtype.ts';

/**
 * The smallest dtype that holds both: floats win over integers, integers over bool; wider wins within a kind.
 * Where neither holds the other, the next wider signed type does (i8 with u8, i32 with u32: i32); f16 with bf16 is f32.
 */
export function promote(a: DType, b: DType): DType {
  if (a === b) return a;
  const rank = { bool: 0, unsigned: 1, signed: 1, float: 2 } as const;
  const [first, second] = [dtypes[a], dtypes[b]];
  if (rank[first.kind] !== rank[second.kind]) return rank[first.kind] > rank[second.kind] ? a : b;
  if (first.kind === 'float') return first.bytes === second.bytes ? 'f32' : first.bytes > second.bytes ? a : b;
  if (first.kind === second.kind) return first.bytes > second.bytes ? a : b;
  return 'i32';
}

/** The dtype of a float result: floats stay, everything else becomes f32. */
export function toFloat(dtype: DType): DType {
  return dtypes[dtype].kind === 'float' ? dtype : 'f32';
}

/** The dtype a JavaScript number takes beside a tensor: the tensor's, unless it is an integer and the number is not. */
export function weakScalarDType(tensor: DType, value: number): DType {
  if (dtypes[tensor].kind === 'float') return tensor;
  if (!Number.isInteger(value)) return 'f32';
  return tensor === 'bool' ? 'i32' : tensor;
}
