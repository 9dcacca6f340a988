/** Tensors as safetensors bytes. */
import { defaultDevice, fromBytes, type Device, type Tensor } from '@espalier/tensor';
import { aDevice, aTensor, aText, aWholeTensor, check, checkOptions } from '@espalier/tensor/arguments';
import { mapOf } from '../config/rules.ts';
import { FormatError } from '../errors.ts';
import { convertForeign, type ForeignTensor } from './foreign.ts';
import { aRawTensor, decodeSafetensors, encodeSafetensors, type RawTensor } from './safetensors.ts';

/** Reads values back into JavaScript memory. */
export async function rawTensor(tensor: Tensor): Promise<RawTensor> {
  check('rawTensor', 'tensor', tensor, aTensor);
  check('rawTensor', 'tensor', tensor, aWholeTensor);
  return { dtype: tensor.dtype, shape: tensor.shape, bytes: await tensor.bytes() };
}

/** Values as a tensor on a device; f64 as f32 where the device has no doubles. */
export function placeTensor(raw: RawTensor, device: Device = defaultDevice()): Tensor {
  const { dtype, shape, bytes } = check('placeTensor', 'raw', raw, aRawTensor);
  check('placeTensor', 'device', device, aDevice);
  if (dtype !== 'f64' || device.capabilities.dtypes.has(dtype)) return fromBytes(bytes, shape, { dtype, device });
  const single = Float32Array.from(new Float64Array(new Uint8Array(bytes).buffer));
  return fromBytes(new Uint8Array(single.buffer), shape, { dtype: 'f32', device });
}

/** Named tensors as the bytes of a safetensors file; the same values give the same bytes. */
export async function writeSafetensors(
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<Uint8Array<ArrayBuffer>> {
  check('writeSafetensors', 'tensors', tensors, mapOf(aTensor));
  for (const [name, tensor] of tensors) check('writeSafetensors', name, tensor, aWholeTensor);
  const raw = await Promise.all([...tensors].map(async ([name, tensor]) => [name, await rawTensor(tensor)] as const));
  return encodeSafetensors(new Map(raw), metadata);
}

/** What a file holds, as tensors. */
export interface ReadTensors {
  readonly tensors: Map<string, Tensor>;
  /** The dtypes of tensors that were converted, by name, as the file names them: `I64`, which became i32. */
  readonly converted: ReadonlyMap<string, string>;
  /** What cannot become a tensor without loss, as it is. */
  readonly foreign: ReadonlyMap<string, ForeignTensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Named tensors from the bytes of a safetensors file; `source` names it in errors. Dtypes that the engine has not are
 * converted where `convertForeign` can, and told in `converted`; the rest is in `foreign`. F64 becomes f32 on a device
 * without doubles.
 * @throws {FormatError} for a damaged file.
 */
export function readSafetensors(
  bytes: Uint8Array,
  options: { readonly device?: Device; readonly source?: string } = {},
): ReadTensors {
  checkOptions('readSafetensors', options, { device: aDevice, source: aText });
  const { device = defaultDevice(), source } = options;
  const file = decodeSafetensors(bytes, source);
  const foreign = new Map(file.foreign);
  const tensors = new Map<string, Tensor>();
  const converted = new Map<string, string>();
  for (const [name, raw] of file.tensors) {
    const tensor = placeTensor(raw, device);
    tensors.set(name, tensor);
    if (tensor.dtype !== raw.dtype) converted.set(name, 'F64');
  }
  for (const [name, odd] of file.foreign) {
    const raw = tryConvert(name, odd);
    if (!raw) continue;
    tensors.set(name, placeTensor(raw, device));
    converted.set(name, odd.dtype);
    foreign.delete(name);
  }
  return { tensors, converted, foreign, metadata: file.metadata };
}

function tryConvert(name: string, odd: ForeignTensor): RawTensor | undefined {
  try {
    return convertForeign(name, odd);
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}
