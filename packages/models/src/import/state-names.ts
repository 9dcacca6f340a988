/** Which tensor of a file is which of a module. */
import { StateError, type Module } from '@espalier/nn';
import { showName } from '@espalier/nn/arguments';
import { showShape } from '@espalier/tensor/arguments';
import type { Shape } from '@espalier/tensor';
import type { TensorSource } from '../tensors/tensor-source.ts';

/**
 * How names of a file are found: `name` has the same on both sides, `order` goes through both in their order and asks that shapes and
 * last parts of names agree, and a map has for each name of the module that of the file.
 */
export type StateNames = 'name' | 'order' | ReadonlyMap<string, string>;

/** What PyTorch counts beside its weights, and nothing computes with. */
const isCounter = (name: string): boolean => name === 'num_batches_tracked' || name.endsWith('.num_batches_tracked');

/** Parameters and buffers of a module with their shapes, module by module as PyTorch has them. */
function slotsOf(module: Module): Map<string, Shape> {
  const slots = new Map<string, Shape>();
  for (const [path, each] of module.namedModules()) {
    const own = { prefix: path, own: true };
    for (const [name, { shape }] of each.namedParameters(own)) slots.set(name, shape);
    for (const [name, { shape }] of each.namedBuffers(own)) slots.set(name, shape);
  }
  const used = new Set([...module.namedParameters().keys(), ...module.namedBuffers().keys()]);
  return new Map([...slots].filter(([name]) => used.has(name)));
}

const lastPart = (name: string): string => name.slice(name.lastIndexOf('.') + 1);
const brief = (names: readonly string[]): string =>
  `${names.slice(0, 8).map(showName).join(', ')}${names.length > 8 ? ` and ${names.length - 8} more` : ''}`;

/** The names of a module's tensors, each with that of the file; and those of the file that nothing in the module is. */
export interface MatchedNames {
  readonly names: ReadonlyMap<string, string>;
  readonly others: readonly string[];
}

/**
 * Matches names.
 * @throws {StateError} listing all that is missing, unexpected, or of another shape, as `load_state_dict` does.
 */
export function matchNames(module: Module, source: TensorSource, by: StateNames): MatchedNames {
  const slots = slotsOf(module);
  const given = [...source.tensors.keys()].filter((name) => !isCounter(name));
  const names = by === 'order' ? inOrder(slots, source, given) : byName(slots, by);
  const taken = new Set(names.values());
  const missing = [...names].filter(([, name]) => !source.tensors.has(name)).map(([own]) => own);
  const unexpected = given.filter((name) => !taken.has(name) && !taken.has(source.ties.get(name) ?? name));
  const misshaped = [...names].flatMap(([own, name]) => {
    const [is, must] = [source.tensors.get(name)?.shape, slots.get(own) as Shape];
    return is && is.join() !== must.join() ? [{ own, text: `${showName(name)} is ${showShape(is)} and must be ${showShape(must)}` }] : []; // prettier-ignore
  });
  const problems = [
    ...(missing.length > 0 ? [`missing are ${brief(missing.map((own) => names.get(own) ?? own))}`] : []),
    ...(unexpected.length > 0 ? [`unexpected are ${brief(unexpected)}`] : []),
    ...(misshaped.length > 0 ? [misshaped.slice(0, 8).map(({ text }) => text).join(', ')] : []), // prettier-ignore
  ];
  if (problems.length > 0)
    throw new StateError('stateDictModel', `${source.name}: ${problems.join('; ')}; describe the architecture that the file is of, or say how names are found`, {
      missing,
      unexpected,
      misshaped: misshaped.map(({ own }) => own),
    }); // prettier-ignore
  return { names, others: [...source.tensors.keys()].filter((name) => !taken.has(name)) };
}

function byName(slots: ReadonlyMap<string, Shape>, by: 'name' | ReadonlyMap<string, string>): Map<string, string> {
  return new Map([...slots.keys()].map((name) => [name, by === 'name' ? name : (by.get(name) ?? name)]));
}

/** @throws {StateError} where the two differ in number, or in the last part of a name. */
function inOrder(
  slots: ReadonlyMap<string, Shape>,
  source: TensorSource,
  given: readonly string[],
): Map<string, string> {
  const names = given.filter((name) => !source.ties.has(name));
  const own = [...slots.keys()];
  const at = own.findIndex((name, index) => lastPart(names[index] ?? '') !== lastPart(name));
  const other = at >= 0 ? at : names.length > own.length ? own.length : -1;
  if (other >= 0)
    throw new StateError(
      'stateDictModel',
      `${source.name}: tensor ${other} of the file is ${names[other] === undefined ? 'not there' : showName(names[other])}, and that of the description ${own[other] === undefined ? 'not there' : showName(own[other])}; describe layers in the order of the file, or give a map of names (safetensors keeps no order)`,
      { missing: own.slice(other, other + 1), unexpected: names.slice(other, other + 1) },
    );
  return new Map(own.map((name, index) => [name, names[index] as string]));
}
