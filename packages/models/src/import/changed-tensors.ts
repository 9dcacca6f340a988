/** A model that was worked on as the tensors of the file that it came from: what did not change keeps its bits. */
import { FormatError, type Module, type Parameter } from '@espalier/nn';
import { showName } from '@espalier/nn/arguments';
import { fromTyped, type Tensor } from '@espalier/tensor';
import { fileDType } from '../tensors/dtypes.ts';
import { entryOf, readTensor } from '../tensors/read-tensor.ts';
import type { TensorSource, WrittenTensor } from '../tensors/tensor-source.ts';
import { carriedTensor } from '../tensors/write-tensor.ts';
import type { ImportedModel } from './import-model.ts';

/**
 * All tensors of a file, with the values that a model has now in the place of those that it was made of. What the model sees
 * through views and formats is what counts. A value that is what it was keeps its bits, whatever its dtype; others are rounded to
 * it. Tied tensors are one.
 * @throws {FormatError} when they are read, for a change that the dtype of the file cannot hold.
 */
export function changedTensors(
  source: TensorSource,
  imported: Pick<ImportedModel, 'names'>,
  model: Module,
): Map<string, WrittenTensor> {
  const parameters = model.namedParameters();
  const buffers = model.namedBuffers();
  const owners = new Map([...imported.names].map(([own, name]) => [name, own]));
  const written = new Map<string, WrittenTensor>();
  for (const name of source.tensors.keys()) {
    const tied = source.ties.get(name);
    const known = tied === undefined ? undefined : written.get(tied);
    const own = owners.get(name);
    const parameter = own === undefined ? undefined : parameters.get(own);
    const buffer = own === undefined ? undefined : buffers.get(own);
    const now = parameter ? (): Tensor => parameter.value : buffer && ((): Tensor => buffer);
    written.set(
      name,
      known ?? (now && mayDiffer(parameter) ? changed(source, name, now) : carriedTensor(source, name)),
    );
  }
  return written;
}

/** Whether a parameter shows other values than it was given. Buffers may always. */
const mayDiffer = (parameter: Parameter | undefined): boolean => parameter === undefined || parameter.stored !== undefined || parameter.views.length > 0; // prettier-ignore

/** The tensor of a file with other values: those alone are written anew that differ. */
function changed(source: TensorSource, name: string, now: () => Tensor): WrittenTensor {
  const { dtype, shape, bytes } = entryOf(source, name);
  return {
    dtype,
    shape,
    bytes,
    values: async function* values() {
      const file = await source.read(name);
      const [before, after] = [await floats(await readTensor(source, name)), await floats(now())];
      const differing = differences(before, after);
      if (differing.length > 0) {
        // What a mask takes away is 0 and not -0, which the sum sees to.
        const itemBytes = file.length / before.length;
        const encoded = await encode(
          source,
          name,
          dtype,
          Float32Array.from(differing, (index) => (after[index] as number) + 0),
        );
        for (const [at, index] of differing.entries())
          file.set(encoded.subarray(at * itemBytes, (at + 1) * itemBytes), index * itemBytes);
      }
      yield file;
    },
  };
}

async function floats(tensor: Tensor): Promise<Float32Array> {
  return (await tensor.detach().cast('f32').data()) as Float32Array;
}

function differences(before: Float32Array, after: Float32Array): number[] {
  const found: number[] = [];
  for (const [index, value] of after.entries()) {
    const old = before[index] as number;
    if (value !== old && !(Number.isNaN(value) && Number.isNaN(old))) found.push(index);
  }
  return found;
}

/** Values in the dtype of a file. Zeros are zeros in all of them; of the floats of 8 bits no others are made. */
async function encode(source: TensorSource, name: string, dtype: string, values: Float32Array): Promise<Uint8Array> {
  const kind = fileDType(dtype);
  if (kind?.dtype && kind.isOwn) return fromTyped(values, [values.length]).cast(kind.dtype).bytes();
  if (values.every((value) => value === 0)) return new Uint8Array((values.length * (kind?.bits ?? 0)) / 8);
  throw new FormatError(
    source.name,
    0,
    `${showName(name)} is ${dtype}, which other values are not rounded to; convert it to F32 before`,
  );
}
