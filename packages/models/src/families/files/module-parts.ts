/** The parts of a module's description that have the sizes of all. */
import type { ModuleConfig } from '@espalier/nn';

type Part = { readonly [field: string]: unknown };
const below = (part: unknown, ...keys: readonly string[]): Part =>
  keys.reduce<unknown>((at, key) => (typeof at === 'object' && at !== null ? Reflect.get(at, key) : {}), part) as Part;

/** Those of a model, and of one of its layers; what is not there is empty. */
export function partsOf(
  config: ModuleConfig,
  block: ModuleConfig,
): Readonly<Record<'embedding' | 'types' | 'head' | 'attention' | 'feedForward', Part>> {
  return {
    embedding: below(config, 'embedding') ?? {},
    head: below(config, 'head') ?? {},
    types: below(config, 'types') ?? {},
    attention: below(block, 'attention', 'body') ?? {},
    feedForward: below(block, 'feedForward', 'body') ?? {},
  };
}
