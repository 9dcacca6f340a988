/** Puts saved values into named tensors, or says exactly why they do not belong there. */
import { fromBytes, type Tensor } from '@espalier/tensor';
import { showShape } from '@espalier/tensor/arguments';
import { briefList } from '../config/fields.ts';
import { StateError } from '../errors.ts';

const isShapedAs = (a: Tensor, b: Tensor): boolean => a.shape.join() === b.shape.join();

/**
 * Assigns each value to the tensor of the same name; dtypes are cast.
 * @throws {StateError} and changes nothing, if names are missing or unexpected or shapes differ.
 */
export function loadTensors(
  operation: string,
  into: ReadonlyMap<string, Tensor>,
  state: ReadonlyMap<string, Tensor>,
): void {
  const missing = [...into.keys()].filter((name) => !state.has(name));
  const unexpected = [...state.keys()].filter((name) => !into.has(name));
  const misshaped = [...into].flatMap(([name, tensor]) => {
    const value = state.get(name);
    return value && !isShapedAs(value, tensor)
      ? [{ name, text: `${name} is ${showShape(value.shape)} and must be ${showShape(tensor.shape)}` }]
      : [];
  });
  const problems = [
    ...(missing.length > 0 ? [`missing are ${briefList(missing)}`] : []),
    ...(unexpected.length > 0 ? [`unexpected are ${briefList(unexpected)}`] : []),
    ...(misshaped.length > 0 ? [briefList(misshaped.map(({ text }) => text))] : []),
  ];
  if (problems.length > 0)
    throw new StateError(operation, `${problems.join('; ')}; load a state of the same architecture`, {
      missing,
      unexpected,
      misshaped: misshaped.map(({ name }) => name),
    });
  for (const [name, tensor] of into) tensor.assign(placedLike(tensor, state.get(name) as Tensor));
}

/**
 * A state under the names that a model uses, where it has values under other names of the same tensors.
 * @throws {StateError} naming both, when two names of one tensor have different values.
 */
export function withoutAliases(
  operation: string,
  aliases: ReadonlyMap<string, string>,
  state: ReadonlyMap<string, Tensor>,
): ReadonlyMap<string, Tensor> {
  if (![...aliases.keys()].some((name) => state.has(name))) return state;
  const given = new Map<string, string>();
  const found = new Map<string, Tensor>();
  for (const [name, tensor] of state) {
    const used = aliases.get(name) ?? name;
    const known = found.get(used);
    if (known && !haveEqualValues(known, tensor)) {
      const names = [given.get(used) as string, name];
      throw new StateError(operation, `${names.join(' and ')} are one tensor of this model, and differ in the state`, {
        unexpected: names,
      });
    }
    given.set(used, name);
    found.set(used, tensor);
  }
  return found;
}

function haveEqualValues(a: Tensor, b: Tensor): boolean {
  if (a === b) return true;
  if (a.dtype !== b.dtype || !isShapedAs(a, b)) return false;
  const [own, others] = [a.detach().bytesSync(), b.detach().bytesSync()];
  return own.every((byte, index) => byte === others[index]);
}

/** The value on the device and in the dtype of another tensor. */
function placedLike(like: Tensor, value: Tensor): Tensor {
  const own = value.detach();
  const here =
    own.device === like.device ? own : fromBytes(own.bytesSync(), own.shape, { dtype: own.dtype, device: like.device });
  return here.cast(like.dtype).realizeSync();
}
