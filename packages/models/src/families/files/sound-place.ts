/**
 * Where weights are computed with, and in what: as is asked for, unless the device computes something else than what the file says.
 * Then a type of blocks is f32, and a device that cannot do that either is left for the cpu. Nothing of it happens silently.
 */
import { cpu, DeviceError, OutOfMemoryError, type Device } from '@espalier/tensor';
import { isMatrixReadable } from '../../tensors/matrices.ts';
import { productDifference, type ProductToCheck } from '../../tensors/product-difference.ts';
import { isReadable } from '../../tensors/read-tensor.ts';
import type { TensorSource } from '../../tensors/tensor-source.ts';

/** Where, and in what. */
export interface SoundPlace {
  readonly device: Device;
  /** Types of blocks that become f32 although they could be kept. */
  readonly decoded: ReadonlySet<string>;
  /** What is otherwise than asked for, in sentences. */
  readonly notes: readonly string[];
}

/** What products may differ by, as a share of the sum of magnitudes: twice the bound of sums in f32 on any device. */
export const allowedDifference: number = 2 ** -12;

/** A matrix of each type, the smallest: [type, name]. */
function smallestOf(source: TensorSource, names: Iterable<string>): ReadonlyMap<string, string> {
  const found = new Map<string, readonly [bytes: number, name: string]>();
  for (const name of names) {
    const entry = source.tensors.get(name);
    if (!entry || entry.shape.length !== 2 || entry.bytes === 0 || !isReadable(entry.dtype)) continue;
    const known = found.get(entry.dtype);
    if (!known || entry.bytes < known[0]) found.set(entry.dtype, [entry.bytes, name]);
  }
  return new Map([...found].map(([dtype, [, name]]) => [dtype, name]));
}

/** What is wrong with a product, in words; undefined where nothing is. */
async function problemOf(source: TensorSource, name: string, product: ProductToCheck): Promise<string | undefined> {
  try {
    const difference = await productDifference(source, name, product);
    if (difference <= allowedDifference) return undefined;
    return Number.isFinite(difference)
      ? `differ from sums of the host by ${difference.toPrecision(2)} of their magnitude`
      : 'are no numbers';
  } catch (error) {
    if (!(error instanceof DeviceError) || error instanceof OutOfMemoryError) throw error;
    return `fail: ${error.message}`;
  }
}

/**
 * Finds out where a model can be computed: a few rows of a matrix of each type are multiplied on the device and on the host.
 * @param names those of its tensors in the file
 * @throws {DeviceError} where the cpu computes something else, too.
 */
export async function soundPlace(
  operation: string,
  source: TensorSource,
  names: Iterable<string>,
  asked: ProductToCheck,
): Promise<SoundPlace> {
  const { device, weights } = asked;
  const matrices = [...smallestOf(source, names)];
  const isKept = (dtype: string): boolean => weights === 'stored' && isMatrixReadable(dtype, [1, 1]);
  const kept = matrices.filter(([dtype]) => isKept(dtype));
  const problems = await Promise.all(
    kept.map(async ([dtype, name]) => [dtype, await problemOf(source, name, asked)] as const),
  );
  const wrong = problems.filter(([, problem]) => problem !== undefined);
  const decoded = new Set(wrong.map(([dtype]) => dtype));
  // A device whose costs are known may keep dense copies of small weights beside their blocks.
  const isDense = (dtype: string): boolean => !isKept(dtype) || decoded.has(dtype) || device.encodedCosts !== undefined;
  const dense = matrices.find(([dtype]) => isDense(dtype));
  const problem = dense && (await problemOf(source, dense[1], { ...asked, weights: 'f32' }));
  if (problem === undefined)
    return {
      device,
      decoded,
      notes: wrong.map(
        ([dtype, said]) =>
          `products with ${dtype} on the ${device.name} device ${said}: weights of ${dtype} are f32 here`,
      ),
    };
  if (device === cpu()) throw new DeviceError(operation, `products of f32 on the ${device.name} device ${problem}`);
  const other = await soundPlace(operation, source, names, { ...asked, device: cpu() });
  const note = `products of f32 on the ${device.name} device ${problem}: the model is on the cpu device`;
  return { ...other, notes: [note, ...other.notes] };
}
