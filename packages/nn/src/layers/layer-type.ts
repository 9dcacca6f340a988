/** How most layers are read from JSON. */
import { parseFields, type Fields } from '../config/fields.ts';
import type { BuildContext } from '../module/build-context.ts';
import type { Module } from '../module/module.ts';
import type { ModuleType } from '../module/registry.ts';

/** A module type whose options are plain fields. */
export function layerType<Options extends object>(
  type: string,
  fields: Fields<Options>,
  make: (options: Required<Options>, context: BuildContext) => Module,
): ModuleType {
  return { type, build: (config, context, where) => make(parseFields<Options>(where, fields, config), context) };
}
