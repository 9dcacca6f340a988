/** Tensors as safetensors bytes. */
import { fromBytes, type Device, type Tensor } from '@espalier/tensor';
import { decodeSafetensors, encodeSafetensors, type RawTensor } from './safetensors.ts';

/** Reads values back into JavaScript memory. */
export async function rawTensor(tensor: Tensor): Promise<RawTensor> {
  return { dtype: tensor.dtype, shape: tensor.shape, bytes: await tensor.bytes() };
}

/** Named tensors as the bytes of a safetensors file; the same values give the same bytes. */
export async function writeSafetensors(
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const raw = await Promise.all([...tensors].map(async ([name, tensor]) => [name, await rawTensor(tensor)] as const));
  return encodeSafetensors(new Map(raw), metadata);
}

/** Named tensors from the bytes of a safetensors file; `source` names it in errors. Throws FormatError. */
export function readSafetensors(
  bytes: Uint8Array,
  options: { readonly device?: Device; readonly source?: string } = {},
): { readonly tensors: Map<string, Tensor>; readonly metadata: Readonly<Record<string, string>> } {
  const { tensors, metadata } = decodeSafetensors(bytes, options.source);
  const place = options.device ? { device: options.device } : {};
  const made = [...tensors].map(([name, raw]): [string, Tensor] => [
    name,
    fromBytes(raw.bytes, raw.shape, { dtype: raw.dtype, ...place }),
  ]);
  return { tensors: new Map(made), metadata };
}
