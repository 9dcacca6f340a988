/** What the stored weights of a model run on. */
import { summary, type Module } from '@espalier/nn';
import { chooseKernel, type KernelChoice, type Shape } from '@espalier/tensor';

/**
 * For each weight of a loaded model that is stored in a format, and multiplied, what its layer chooses for one example of a
 * shape, by the name of the parameter. A layer has as many rows as multiply-accumulates for each element of its weight.
 */
export function kernelsOf(model: Module, inputShape: Shape): Map<string, KernelChoice> {
  const macs = new Map(summary(model, inputShape).rows.map((row) => [row.name, row.macs]));
  const kernels = new Map<string, KernelChoice>();
  for (const [name, { stored, shape, size, mayKeepDense }] of model.namedParameters()) {
    const rows = (macs.get(name.slice(0, Math.max(0, name.lastIndexOf('.')))) ?? 0) / size;
    if (!stored || !Number.isInteger(rows) || rows === 0) continue;
    kernels.set(name, chooseKernel(stored.matrix, { rows, windows: shape.length > 2, mayKeepDense }));
  }
  return kernels;
}
