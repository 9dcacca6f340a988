/** Stages by name: those that are known from the start, and those that others add. */
import { aFunction, anObject, aText, check, listOf } from '@espalier/tensor/arguments';
import type { Stage } from '../pipeline/stage.ts';
import { createRegistry, namedRule } from '../registry.ts';
import { compressStage } from './compress.ts';
import { judgeStage } from './judge.ts';
import { measureStage } from './measure.ts';
import { reportStage } from './report.ts';
import { searchStage } from './search.ts';
import { trainStage } from './train.ts';

const texts = listOf(aText);
const aStage = namedRule<Stage>('a stage: { name, options, inputs, outputs, run }', {
  options: anObject.holds,
  inputs: texts.holds,
  outputs: texts.holds,
  run: aFunction.holds,
});

const stages = createRegistry<Stage<never>>('stage', [
  searchStage,
  trainStage,
  compressStage,
  measureStage,
  judgeStage,
  reportStage,
]);

/**
 * Makes a stage known by its name.
 * @throws {ConfigError} if its name is taken by another one.
 * @throws {ArgumentError} for what is none.
 */
export function registerStage<Options extends object>(stage: Stage<Options>): void {
  check('registerStage', 'stage', stage, aStage);
  stages.register('registerStage', stage);
}

/** The names of all known stages, sorted. */
export function stageNames(): string[] {
  return stages.names();
}

/**
 * The stage of a name.
 * @throws {UsageError} that names those that are known.
 */
export function stageNamed(name: string): Stage {
  return stages.named(name) as Stage;
}
