/** Which dtype an operation on several dtypes yields. */
import { DTypeError } from '../errors.ts';
import { describe } from '../arguments/describe.ts';
import { dtypeNames, dtypes, type DType, type DTypeInfo } from './dtype.ts';

/**
 * The smallest dtype that holds both: floats win over integers, integers over bool; wider wins within a kind. i8 with
 * u8 is i32, f16 with bf16 is f32.
 * @throws {DTypeError} for u32 with i8 or i32: no dtype here holds both.
 */
export function promote(a: DType, b: DType, operation = 'promote'): DType {
  const first = known(a, operation);
  if (a === b) return a;
  const second = known(b, operation);
  if (rank[first.kind] !== rank[second.kind]) return rank[first.kind] > rank[second.kind] ? a : b;
  if (first.kind === 'float') return first.bytes === second.bytes ? 'f32' : first.bytes > second.bytes ? a : b;
  if (first.kind === second.kind) return first.bytes > second.bytes ? a : b;
  if (a === 'u32' || b === 'u32')
    throw new DTypeError(operation, `no dtype holds both ${a} and ${b}; cast one to the other, or both to f64`);
  return 'i32';
}

const rank = { bool: 0, unsigned: 1, signed: 1, float: 2 } as const;

function known(dtype: DType, operation: string): DTypeInfo {
  // `Object.hasOwn` would take ['f32'] for its text.
  if (typeof dtype !== 'string' || !Object.hasOwn(dtypes, dtype))
    throw new DTypeError(operation, `there is no dtype ${describe(dtype)}; use one of ${dtypeNames.join(', ')}`);
  return dtypes[dtype];
}

/** The dtype of a float result: floats stay, everything else becomes f32. */
export function toFloat(dtype: DType): DType {
  return dtypes[dtype].kind === 'float' ? dtype : 'f32';
}

/**
 * The float dtype in which elements of a dtype are counted and added up: f64 for f64, f32 for all others.
 * @throws {DTypeError} for what is no dtype.
 */
export function wideFloat(dtype: DType): 'f32' | 'f64' {
  return known(dtype, 'wideFloat').name === 'f64' ? 'f64' : 'f32';
}
