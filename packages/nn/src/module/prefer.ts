/** Whether a model whose weights are stored in formats takes more memory where that makes it faster. */
import { dtypes, sizeOf } from '@espalier/tensor';
import { check, oneOf, type Rule } from '@espalier/tensor/arguments';
import type { Module } from './module.ts';
import { aModule } from './rule.ts';

/** What stored weights may take beside their arrays. */
export type Preference = 'balance' | 'speed' | 'memory';

/** What a preference can be. */
export const aPreference: Rule<Preference> = oneOf('balance', 'speed', 'memory');

/** Bytes of dense copies that every model may keep, and the share of its own bytes that a larger one may. */
const [leastRoom, shareOfBytes] = [2 ** 20, 0.1];

/**
 * Says which of the stored weights of a model may keep a dense copy beside their arrays, for products that are faster with it
 * (`chooseKernel`): with `speed` all, with `memory` none. With `balance`, as models are loaded, the smallest first and as many
 * as take at most 1 MiB together, or a tenth of the bytes of the model if that is more: small models run as fast as they can,
 * and large ones take little more than their file. What the device has no kernel for keeps one then whatever it takes, since each
 * product would make it.
 * @throws {ArgumentError} for anything else.
 */
export function prefer(model: Module, preference: Preference): void {
  check('prefer', 'model', model, aModule);
  check('prefer', 'preference', preference, aPreference);
  const parameters = model.parameters();
  const stored = parameters.filter((parameter) => parameter.stored).toSorted((a, b) => a.size - b.size);
  const own = parameters.map(
    ({ stored: weight, shape, dtype }) => weight?.matrix.bytes ?? sizeOf(shape) * dtypes[dtype].bytes,
  );
  const inBalance = Math.max(leastRoom, shareOfBytes * own.reduce((sum, bytes) => sum + bytes, 0));
  let room = { balance: inBalance, speed: Infinity, memory: -1 }[preference];
  for (const parameter of stored) {
    const hasKernel = parameter.stored?.matrix.t().hasKernel() ?? true;
    if (hasKernel) room -= parameter.size * dtypes.f32.bytes;
    parameter.mayKeepDense = hasKernel ? room >= 0 : preference !== 'memory';
  }
}
