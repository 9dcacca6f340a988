/** A module in the few words of its family, when it is no longer what it was opened as: with fewer layers, or other sizes. */
import { buildForValues, ConfigError, type Module, type ModuleConfig } from '@espalier/nn';
import { show } from '@espalier/tensor/arguments';
import type { FileFamily } from './file-family.ts';

/** A module in words, and which of its layers are there still, by their places. */
export interface DescribedModule {
  readonly model: ModuleConfig;
  readonly kept: readonly number[];
}

type Json = { readonly [key: string]: unknown };
const isRecord = (value: unknown): value is Json => typeof value === 'object' && value !== null;
const isNothing = (value: unknown): boolean =>
  isRecord(value) && value['type'] === 'sequential' && Array.isArray(value['layers']) && value['layers'].length === 0;

/** Whether a layer is left out, as a whole. */
function isLeftOut(block: unknown, place: number): boolean {
  if (!isRecord(block) || isNothing(block)) return isNothing(block);
  const gone = [block['attention'], block['feedForward']].map(isNothing);
  if (gone[0] === gone[1]) return gone[0] as boolean;
  throw new ConfigError(
    `layers[${place}]`,
    'is left out in part, and files of others have layers as a whole; leave both its attention and its feed-forward part out, or neither',
  );
}

/** What initial values are drawn by is no matter of a description. */
const notCompared: ReadonlySet<string> = new Set(['init', 'biasInit', 'cache']);

/** The first place where two descriptions differ, in words. */
function differenceOf(a: unknown, b: unknown, place: string): string | undefined {
  if (isRecord(a) && isRecord(b)) {
    for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
      if (notCompared.has(key)) continue;
      const at = Array.isArray(a) ? `${place}[${key}]` : place === '' ? key : `${place}.${key}`;
      const found = differenceOf(a[key], b[key], at);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  return Object.is(a, b) ? undefined : `${place} is ${show(a)}, where a model of the family has ${show(b)}`;
}

/**
 * Describes a module of a family in its words. Layers that were left out as a whole are no more.
 * @throws {ConfigError} naming the first place that the family has no words for, such as a layer that is wider than others.
 */
export function describeLanguageModule(module: Module, family: FileFamily, before: ModuleConfig): DescribedModule {
  const config = module.config();
  const inner = config['layers'];
  const blocks =
    isRecord(inner) && Array.isArray(inner['layers']) ? (inner['layers'] as readonly unknown[]) : undefined;
  const [first] = blocks?.filter((block, place) => !isLeftOut(block, place)) ?? [];
  if (!blocks || !isRecord(first))
    throw new ConfigError(
      'layers',
      `of a ${module.type} are not those of a ${family.type}; save it as a model of ours`,
    );
  const kept = blocks.flatMap((block, place) => (isLeftOut(block, place) ? [] : [place]));
  const model: ModuleConfig = {
    ...before,
    ...family.sizes(
      config,
      first as ModuleConfig,
      kept.map((place) => blocks[place] as ModuleConfig),
    ),
    type: family.type,
    layers: kept.length,
  };
  const plain = buildForValues(family.layers(model), new Map()).config();
  const now = { ...config, layers: { ...(inner as Json), layers: kept.map((place) => blocks[place]) } };
  const difference = differenceOf(now, plain, '');
  if (difference !== undefined) throw new ConfigError(family.type, difference);
  return { model, kept };
}
