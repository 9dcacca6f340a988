/** Arbitraries for dtypes. */
import fc from 'fast-check';
import { ArgumentError, dtypeNames, dtypes, type Device, type DType, type DTypeKind } from '@espalier/tensor';

/** Which dtypes to draw from. */
export interface DTypeLimits {
  /** Only these kinds. Default: all. */
  readonly kinds?: readonly DTypeKind[];
  /** Only dtypes this device can compute on. */
  readonly device?: Device;
}

/**
 * A dtype; shrinks towards f32, the first of the table.
 * @throws {ArgumentError} if no dtype is within the limits.
 */
export function anyDType(limits: DTypeLimits = {}): fc.Arbitrary<DType> {
  const { kinds, device } = limits;
  const names = dtypeNames.filter(
    (name) => (kinds?.includes(dtypes[name].kind) ?? true) && (device?.capabilities.dtypes.has(name) ?? true),
  );
  if (names.length === 0)
    throw new ArgumentError(
      'anyDType',
      `no dtype of kind ${kinds?.join(', ')} on device '${device?.name}': widen the limits`,
    );
  return fc.constantFrom(...names);
}
