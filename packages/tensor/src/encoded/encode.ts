/** Makes matrices in a format: from a dense one, or from the arrays of one. */
import { describe } from '../arguments/describe.ts';
import {
  aCount,
  anObject,
  aText,
  check,
  checkOptions,
  listOf,
  ruleOf,
  type OptionRules,
  type Rule,
} from '../arguments/rules.ts';
import { aDevice, aDType, aTensor, aWholeTensor } from '../arguments/types.ts';
import { defaultDevice } from '../device/registry.ts';
import type { Device } from '../device/device.ts';
import { dtypes, type DType, type TypedArray } from '../dtype/dtype.ts';
import { isNumberArray, kindOfArray } from '../dtype/typed-array.ts';
import { ArgumentError, DTypeError, ShapeError } from '../errors.ts';
import { fromBytesAtOnce } from '../functions/create.ts';
import { encodedLayouts, type EncodedSettings } from '../kernel/spec.ts';
import { showShape, sizeOf } from '../shape/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { EncodedArray, Encoding, MatrixFormat, MatrixShape, StoredFormat } from './format.ts';
import { EncodedMatrix } from './matrix.ts';
import { ownedArrays } from './owned.ts';

/** Where a matrix is put together. */
export interface PlaceOptions {
  /** Default: that of the dense matrix; `defaultDevice()` for arrays. */
  readonly device?: Device;
}

const placeOptions: OptionRules<PlaceOptions> = { device: aDevice };

const aStoredFormat: Rule<StoredFormat> = ruleOf('a matrix format, such as int8 or csr', (value) => {
  const { name, arrays, flaw, expand } = value as Partial<StoredFormat>;
  return typeof name === 'string' && [arrays, flaw, expand].every((part) => typeof part === 'function');
});
/** A format that matrices are brought into. */
export const aMatrixFormat: Rule<MatrixFormat<never>> = ruleOf(aStoredFormat.is, (value) => {
  const { encode, options } = value as Partial<MatrixFormat>;
  return aStoredFormat.holds(value) && typeof encode === 'function' && anObject.holds(options);
});

/**
 * A dense matrix [rows, columns] in a format, on the same device. Reads its values; what the format rounds or drops is
 * said by the format.
 * @throws {ShapeError} for another rank.
 * @throws {DTypeError} if it is no float.
 * @throws {ArgumentError} for options or values that the format does not take, and for what it makes that files and kernels cannot rely on.
 *
 * @example
 * const w = await encodeMatrix(weight, int8);
 * const y = x.matmul(w.t());
 */
export async function encodeMatrix<Options extends object>(
  dense: Tensor,
  format: MatrixFormat<Options>,
  options: Options = {} as Options,
): Promise<EncodedMatrix> {
  check('encodeMatrix', 'the matrix', dense, aTensor);
  check('encodeMatrix', 'the matrix', dense, aWholeTensor);
  check<unknown>('encodeMatrix', 'the format', format, aMatrixFormat);
  checkOptions(format.name, options, format.options);
  if (dense.rank !== 2)
    throw new ShapeError(
      'encodeMatrix',
      `takes a matrix, not ${showShape(dense.shape)}; reshape it to [rows, columns]`,
    );
  if (!['f32', 'f16', 'bf16', 'f64'].includes(dense.dtype))
    throw new DTypeError('encodeMatrix', `takes a matrix of floats, not ${dense.dtype}; cast it to f32`);
  const shape: MatrixShape = [dense.shape[0] as number, dense.shape[1] as number];
  const values = (await dense.cast('f32').data()) as Float32Array;
  const made = format.encode(values, shape, options);
  return place(format, shape, checked('encodeMatrix', `what ${format.name} makes`, format, made, shape), dense.device);
}

/**
 * A matrix from the arrays of its format, as `encode` makes them and files hold them.
 * @throws {ArgumentError} that says which array is missing, left over or at odds with another.
 * @throws {ShapeError} for another rank than 2.
 */
export function matrixFromArrays(
  format: StoredFormat,
  shape: MatrixShape,
  encoding: Encoding,
  options: PlaceOptions = {},
): EncodedMatrix {
  check('matrixFromArrays', 'the format', format, aStoredFormat);
  check('matrixFromArrays', 'the shape', shape, listOf(aCount));
  if (shape.length !== 2) throw new ShapeError('matrixFromArrays', `takes [rows, columns], not ${showShape(shape)}`);
  const { device = defaultDevice() } = checkOptions('matrixFromArrays', options, placeOptions);
  const whole = checked('matrixFromArrays', 'the encoding', format, encoding, shape);
  return place(format, shape, whole, device);
}

/** What files can hold: JSON has no NaN. */
const someSettings: Rule<EncodedSettings> = ruleOf(
  'an object of finite numbers, texts and truth values',
  (value) =>
    anObject.holds(value) &&
    Object.values(value).every((setting) => Number.isFinite(setting) || ['string', 'boolean'].includes(typeof setting)),
);
const someNames: Rule<readonly string[]> = ruleOf(
  'a list of names, at least one',
  (value) => listOf(aText).holds(value) && value.length > 0,
);
const arrayParts: OptionRules<EncodedArray> = {
  dtype: aDType,
  shape: listOf(aCount),
  data: ruleOf('a typed array', isNumberArray),
};

/**
 * The parts of an object, all of which have to be there.
 * @throws {ArgumentError} where one is missing or wrong.
 */
function partsOf<T extends object>(operation: string, name: string, value: unknown, rules: OptionRules<T>): T {
  const given: Readonly<Record<string, unknown>> = { ...check(operation, name, value, anObject) };
  for (const [part, must] of Object.entries<Rule<unknown>>(rules))
    check(operation, `${part} of ${name}`, given[part], must);
  return given as T;
}

/** A typed array as a dtype is stored in. */
function storedAs(dtype: DType): Rule<TypedArray> {
  const kind = kindOfArray(dtypes[dtype].view(new ArrayBuffer(0), 0, 0)) as string;
  return ruleOf(`a ${kind}`, (value) => kindOfArray(value) === kind);
}

/**
 * An encoding, of objects that nobody else has, if it is one of a matrix in the format.
 * @throws {ArgumentError} that says what is wrong with it.
 */
function checked(operation: string, name: string, format: StoredFormat, given: unknown, shape: MatrixShape): Encoding {
  const { settings, arrays } = partsOf<Pick<Encoding, 'settings'> & Readonly<Record<'arrays', object>>>(
    operation,
    name,
    given,
    { settings: someSettings, arrays: anObject },
  );
  const whole: Encoding = { settings: { ...settings }, arrays: { ...arrays } };
  const flaw = flawOf(operation, format, whole, shape);
  if (flaw !== undefined) throw new ArgumentError(operation, `${format.name} ${showShape(shape)}: ${flaw}`);
  return whole;
}

/** What is wrong with arrays, as the end of a sentence. */
function flawOf(operation: string, format: StoredFormat, encoding: Encoding, shape: MatrixShape): string | undefined {
  const { settings, arrays } = encoding;
  const { layout } = format;
  if (layout !== undefined && !encodedLayouts.includes(layout))
    return `its layout is ${describe(layout)}; it must be one of ${encodedLayouts.join(', ')}, or left out`;
  const names = check(operation, `what arrays of ${format.name} gives`, format.arrays(settings), someNames);
  const missing = [...names, ...(format.kept === undefined ? [] : [format.kept])].find(
    (name) => !Object.hasOwn(arrays, name),
  );
  if (missing !== undefined) return `the array '${missing}' is missing`;
  const left = Object.keys(arrays).find((name) => !names.includes(name));
  if (left !== undefined) return `there is no array '${left}' in it; it has ${names.join(', ')}`;
  for (const name of names) {
    const { dtype, shape: sizes, data } = partsOf(operation, name, arrays[name], arrayParts);
    check(operation, `the data of ${name}`, data, storedAs(dtype));
    if (sizeOf(sizes) !== data.length) return `${name} has ${data.length} elements for the shape ${showShape(sizes)}`;
  }
  return format.flaw(encoding, shape);
}

function place(
  format: StoredFormat,
  shape: MatrixShape,
  { settings, arrays }: Encoding,
  device: Device,
): EncodedMatrix {
  const placed = Object.entries(arrays).map(([name, { dtype, shape: sizes, data }]) => {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    // At once: arrays in JavaScript memory would be sent again for the first products.
    return [name, fromBytesAtOnce(bytes, sizes, { dtype, device })] as const;
  });
  const owned = ownedArrays(format, Object.fromEntries(placed));
  // Whoever gave them may write into them later.
  const [own, stored] = [Object.freeze({ ...settings }), Object.freeze([...shape] as const)];
  return new EncodedMatrix({ format, settings: own, stored, arrays: owned, transposed: false });
}
