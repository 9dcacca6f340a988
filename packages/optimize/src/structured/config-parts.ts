/** Which parts of the description of a model are which of its modules. */
import type { Module, ModuleConfig } from '@espalier/nn';

/** Whether a part of a description is one of something that has a type: a module, an initialiser. */
export function isTyped(value: object): boolean {
  return typeof Reflect.get(value, 'type') === 'string';
}

/**
 * Which part of a description is which module below; undefined where it does not show them one by one. `seen` are modules that
 * were met before: they stand in the description as references.
 */
export function configsBelow(
  seen: Set<Module>,
  config: ModuleConfig,
  module: Module,
): ReadonlyMap<object, Module> | undefined {
  const children = [...new Set(module.children().values())].filter((child) => !seen.has(child));
  if (children.length === 0) return module.children().size > 0 ? new Map() : undefined;
  const configs = typedIn(Object.values(config));
  const found = new Map<object, Module>();
  for (const child of children) {
    let next = configs.shift();
    while (next && Reflect.get(next, 'type') !== child.type) next = configs.shift();
    if (!next) return undefined;
    found.set(next, child);
  }
  for (const child of children) seen.add(child);
  return found;
}

/** The outermost objects with a type, in their order. */
function typedIn(value: unknown): object[] {
  if (typeof value !== 'object' || value === null) return [];
  return isTyped(value) && !Array.isArray(value) ? [value] : Object.values(value).flatMap(typedIn);
}

/** A description with some parts replaced. */
export function replaced(
  value: unknown,
  parts: ReadonlyMap<object, Module>,
  by: (config: ModuleConfig, module: Module) => ModuleConfig,
): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const module = parts.get(value);
  if (module) return by(value as ModuleConfig, module);
  if (Array.isArray(value)) return value.map((each: unknown) => replaced(each, parts, by));
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, replaced(each, parts, by)]));
}
