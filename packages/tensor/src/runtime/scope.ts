/** Lifetimes by region, and what is alive. */
import { aFunction, check, checkOptional, either, ruleOf, satisfies } from '../arguments/rules.ts';
import { aDevice, aTensor } from '../arguments/types.ts';
import type { Device, DeviceMemory } from '../device/device.ts';
import { openDevices } from '../device/registry.ts';
import { modes, withMode, type Scope } from '../graph/modes.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { isMadeOfTensors, mapTensors, type MadeOfTensors } from './structure.ts';

/**
 * Runs `body` and disposes every tensor made in it, except those in its result (a tensor, a matrix in a format, or arrays
 * and objects of them) and those passed to `keep`. The body must not be asynchronous.
 *
 * @example
 * const total = scope(() => step(x, y).itemSync());
 */
export function scope<T>(body: () => T): T {
  check('scope', 'the body', body, aFunction);
  const inner: Scope = { created: new Set() };
  try {
    const result = withMode({ scope: inner }, body);
    mapTensors(result, (tensor) => {
      hand(tensor, inner);
      return tensor;
    });
    return result;
  } finally {
    for (const tensor of inner.created) tensor.dispose();
  }
}

const whatIsKept = either<Tensor, MadeOfTensors>(aTensor, ruleOf('a matrix in a format', isMadeOfTensors));

/** Exempts a tensor, or a matrix in a format, from the scope around it; it belongs to the next outer scope, or to nobody. */
export function keep<T extends Tensor | MadeOfTensors>(value: T): T {
  check('keep', 'the tensor', value, whatIsKept);
  mapTensors(value, (tensor) => modes.scope?.created.delete(tensor));
  return value;
}

function hand(tensor: Tensor, from: Scope): void {
  if (from.created.delete(tensor)) modes.scope?.created.add(tensor);
}

/** Memory alive on a device, or on all open devices together. */
export function memory(device?: Device): DeviceMemory {
  checkOptional('memory', 'the device', device, aDevice);
  const all = (device ? [device] : openDevices()).map((each) => each.memory());
  return {
    bytes: all.reduce((sum, each) => sum + each.bytes, 0),
    buffers: all.reduce((sum, each) => sum + each.buffers, 0),
  };
}

/** Whether a value is a tensor. */
export function isTensor(value: unknown): value is Tensor {
  return satisfies(aTensor, value);
}
