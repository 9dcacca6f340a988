/** A pickled module of PyTorch: its attributes, and the modules in it. */
import { isModuleClass } from './globals.ts';
import { entriesOf, PickleDict, PickleObject, PickleSet, itemsOf, type PickleValue } from './pickle/values.ts';
import { makerOf, type Refuse } from './torch-tensor.ts';

/** Whether a value is a module of a known class. */
export function isModule(value: PickleValue | undefined): value is PickleObject {
  return value instanceof PickleObject && isModuleClass(value.of.name) && value.state instanceof PickleDict;
}

/** An attribute of a module. */
export function attributeOf(module: PickleObject, name: string): PickleValue | undefined {
  return entriesOf(module.state)?.get(name);
}

/** The modules right in a module, by name; places without one left out. */
export function childrenOf(module: PickleObject, refuse: Refuse): Map<string, PickleObject> {
  const children = new Map<string, PickleObject>();
  for (const [name, child] of entriesOf(attributeOf(module, '_modules')) ?? []) {
    if (typeof name !== 'string') return refuse(`a ${module.of.own} has a module in it whose name is no text`);
    if (child === null) continue;
    if (!isModule(child)) return refuse(`'${name}' of a ${module.of.own} is no module of a known class`);
    children.set(name, child);
  }
  return children;
}

/** The parameters and persistent buffers right in a module, by name. */
export function ownTensorsOf(module: PickleObject, refuse: Refuse): Map<string, PickleObject> {
  const tensors = new Map<string, PickleObject>();
  const passing = passingBuffers(attributeOf(module, '_non_persistent_buffers_set'));
  for (const kind of ['_parameters', '_buffers']) {
    for (const [name, value] of entriesOf(attributeOf(module, kind)) ?? []) {
      if (typeof name !== 'string') return refuse(`a ${module.of.own} has a tensor whose name is no text`);
      if (value === null || (kind === '_buffers' && passing.has(name))) continue;
      const maker = makerOf(value);
      if (!maker) return refuse(`'${name}' of a ${module.of.own} is no tensor`);
      tensors.set(name, maker);
    }
  }
  return tensors;
}

/** A set, of either protocol. */
function passingBuffers(value: PickleValue | undefined): Set<PickleValue> {
  if (value instanceof PickleSet) return new Set(value.items);
  return new Set(value instanceof PickleObject ? itemsOf(value.args.items[0]) : []);
}

/** Levels and places that the models of a file may have: modules can hold each other in any number of places. */
const deepest = 100;
const mostPlaces = 65_536;

/** How many places there may still be. */
export interface PlacesLeft {
  left: number;
}

/** As many as a file may have. */
export const allPlaces = (): PlacesLeft => ({ left: mostPlaces });

/** All tensors of a module under dotted names, as `state_dict()` gives them. */
export function tensorsIn(root: PickleObject, refuse: Refuse, places: PlacesLeft): Map<string, PickleObject> {
  const found = new Map<string, PickleObject>();
  const walk = (module: PickleObject, prefix: string, level: number): void => {
    if (level > deepest || --places.left < 0)
      refuse(`has modules within modules in more than ${deepest} levels or ${mostPlaces} places`);
    for (const [name, tensor] of ownTensorsOf(module, refuse)) found.set(prefix + name, tensor);
    for (const [name, child] of childrenOf(module, refuse)) walk(child, `${prefix}${name}.`, level + 1);
  };
  walk(root, '', 0);
  return found;
}
