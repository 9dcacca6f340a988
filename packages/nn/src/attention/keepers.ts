/** Layers that keep what they computed of positions: who they are in a model, and what they keep. */
import { check } from '@espalier/tensor/arguments';
import type { Module } from '../module/module.ts';
import { aModule } from '../module/rule.ts';
import type { CacheNumbers } from './cache-numbers.ts';

/** What a layer of attention keeps of each position, twice: keys and values. */
export interface KeptPerPosition {
  readonly heads: number;
  readonly headWidth: number;
  readonly numbers: CacheNumbers;
}

/** A module that attends to positions it has seen before says what it keeps of them. */
export interface KeepsPositions {
  /** Undefined where it attends to what comes later too: what was computed before does not stay, and there is nothing to keep. */
  readonly keptPerPosition: KeptPerPosition | undefined;
  /** Keeps them in other numbers from now on; caches that were made before stay as they are. */
  readonly keepIn: (numbers: CacheNumbers) => void;
}

/** Such a module in a model. */
export interface Keeper {
  /** Its dotted name. */
  readonly name: string;
  readonly module: Module & KeepsPositions;
  readonly kept: KeptPerPosition;
}

/**
 * The modules of a model that keep positions, in its order: one that stands in several places once for each.
 * @throws {ArgumentError} for what is no module.
 */
export function keepers(model: Module): Keeper[] {
  return [...below(check('keepers', 'the model', model, aModule), '')];
}

function* below(module: Module, name: string): Iterable<Keeper> {
  const keeper = module as Module & KeepsPositions;
  if (keeper.keptPerPosition) yield { name, module: keeper, kept: keeper.keptPerPosition };
  for (const [child, each] of module.children()) yield* below(each, name === '' ? child : `${name}.${child}`);
}
