/** Copies of models, with and without their views. */
import { cloneModel, type Module } from '@espalier/nn';
import { fromTyped, type Device } from '@espalier/tensor';
import { maskOf, setMask } from '../prune/mask-view.ts';
import { quantizationOf, setQuantization } from '../quantize/quantize-view.ts';

/** A copy of a model that trains on its own, with the same masks and quantization; on another device where one is given. */
export async function copyModel(model: Module, options: { readonly device?: Device } = {}): Promise<Module> {
  const copy = await cloneModel(model, options);
  const originals = model.namedParameters();
  for (const [name, parameter] of copy.namedParameters()) {
    const original = originals.get(name);
    if (!original) continue;
    parameter.trainable = original.trainable;
    const kept = await maskOf(original)?.kept();
    if (kept) setMask(parameter, kept);
    const quantization = quantizationOf(original);
    if (quantization) setQuantization(parameter, quantization.format, quantization.scales);
  }
  return copy;
}

/**
 * A plain copy of a model: its parameters hold what the views showed, and the views are gone. It computes the same, at the
 * cost of a dense model, and anything that reads plain f32 weights reads it.
 */
export async function strip(model: Module): Promise<Module> {
  const plain = await cloneModel(model);
  const originals = model.namedParameters();
  for (const [name, parameter] of plain.namedParameters()) {
    const original = originals.get(name);
    if (!original || original.views.length === 0) continue;
    const { shape, dtype, device } = parameter.tensor;
    const values = await original.value.to(device);
    parameter.tensor.assign(fromTyped((await values.data()) as Float32Array, shape, { dtype, device }).realizeSync());
  }
  return plain;
}
