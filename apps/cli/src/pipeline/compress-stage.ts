import { join } from 'node:path';
import type { Importance } from '@espalier/optimize';
import type { Session } from '../cli/session.ts';
import type { Candidate } from '../recipe/candidate.ts';
import type { Recipe } from '../recipe/schema.ts';
import type { CurvePoint, RowName } from '../report/report-data.ts';
import type { Runner } from '../workers/runner.ts';
import type { RunState } from './run-state.ts';
import { sharedBar } from './shared-bar.ts';

/** What compressing needs: a searched model in the folder. */
export interface CompressSetup {
  readonly session: Session;
  readonly runner: Runner;
  readonly recipe: Recipe;
  /** Where the models are. */
  readonly folder: string;
  readonly state: RunState;
  readonly winner: Candidate;
}

/** What quantizing weighs on the progress bar, in epochs. */
const quantizeWeight = 0.2;

/**
 * Makes everything that starts from the searched model, side by side: the pruned models, what is quantized from them, and
 * the student. Gives the learning curve of each row that was trained.
 */
export async function compressStage(setup: CompressSetup): Promise<Partial<Record<RowName, readonly CurvePoint[]>>> {
  const { session, runner, recipe, folder: output, state, winner } = setup;
  const { seed } = recipe;
  const { source } = recipe.data;
  const { baseline, method: chosen, ...pruning } = recipe.prune;
  const from = join(output, 'searched');
  const epochs = pruning.epochs * (baseline ? 2 : 1) + recipe.distill.epochs;
  const bar = sharedBar(session.progress, 'compress', epochs + quantizeWeight);

  const prune = async (row: RowName, method: Importance): Promise<readonly CurvePoint[]> => {
    const { batch } = winner.training;
    const input = { ...pruning, source, from, folder: join(output, row), method, batch, seed };
    const listener = bar.piece(row, pruning.epochs);
    return (await state.stage(row, () => runner.run('prune', input, listener))).curve;
  };
  const pruneAndQuantize = async (): Promise<readonly CurvePoint[]> => {
    const curve = await prune('pruned', chosen);
    const input = { ...recipe.quantize, from: join(output, 'pruned'), folder: join(output, 'int8') };
    await state.stage('int8', () => runner.run('quantize', input, bar.piece('int8', quantizeWeight)));
    return curve;
  };
  const distill = async (): Promise<readonly CurvePoint[]> => {
    const input = {
      ...recipe.distill,
      source,
      teacher: from,
      folder: join(output, 'student'),
      candidate: winner,
      seed,
    };
    const listener = bar.piece('student', recipe.distill.epochs);
    return (await state.stage('student', () => runner.run('distill', input, listener))).curve;
  };

  // All of them end before the first failure is thrown, so that none goes on writing behind its back.
  const ends = await Promise.allSettled([
    pruneAndQuantize(),
    distill(),
    baseline ? prune('random-mask', 'random') : [],
  ]);
  const [pruned = [], student = [], random = []] = ends.map((end) => {
    if (end.status === 'rejected') throw end.reason;
    return end.value;
  });
  bar.finish();
  return { pruned, student, ...(baseline ? { 'random-mask': random } : {}) };
}
