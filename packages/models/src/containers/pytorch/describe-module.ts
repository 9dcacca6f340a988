/** A whole pickled module of PyTorch as a description of a model of `@espalier/nn`. */
import type { ModuleConfig } from '@espalier/nn';
import { describeLayer } from './layers.ts';
import { childrenOf, ownTensorsOf } from './module-tree.ts';
import type { PickleObject } from './pickle/values.ts';
import type { Refuse } from './torch-tensor.ts';

/** A module, described. */
export interface DescribedModule {
  readonly config: ModuleConfig;
  /** The names of its tensors here, each with its name in the file. */
  readonly names: ReadonlyMap<string, string>;
}

/** What a layer counts beside its weights, and does not compute with. */
const counters: ReadonlySet<string> = new Set(['num_batches_tracked']);

/**
 * Describes a module.
 * @throws {ConfigError} naming the module in it that there is no layer for, and why.
 */
export function describeTorchModule(root: PickleObject, refuse: Refuse): DescribedModule {
  const names = new Map<string, string>();
  const places = new Map<PickleObject, string>();
  const first = new Map<PickleObject, string>();
  const ties: Record<string, string> = {};

  const describe = (
    module: PickleObject,
    at: { readonly own: string; readonly theirs: string; readonly place: string },
    next: readonly PickleObject[],
  ): ModuleConfig => {
    const known = places.get(module);
    if (known !== undefined) return { type: 'same', as: known };
    places.set(module, at.place);
    for (const [name, tensor] of ownTensorsOf(module, refuse)) {
      if (counters.has(name)) continue;
      const own = at.own + name;
      const tied = first.get(tensor);
      if (tied === undefined) first.set(tensor, own);
      else ties[own] = tied;
      names.set(own, at.theirs + name);
    }
    if (module.of.own !== 'Sequential') return describeLayer(module, at.theirs.slice(0, -1), next);
    const children = [...childrenOf(module, refuse)];
    const layers = children.map(([name, child], index) => {
      const place = `${at.place === '' ? '' : `${at.place}.`}layers[${index}]`;
      const after = [...children.slice(index + 1).map(([, each]) => each), ...next];
      return describe(child, { own: `${at.own}${index}.`, theirs: `${at.theirs}${name}.`, place }, after);
    });
    return { type: 'sequential', layers };
  };

  const config = describe(root, { own: '', theirs: '', place: '' }, []);
  return { config: Object.keys(ties).length === 0 ? config : { ...config, ties }, names };
}
