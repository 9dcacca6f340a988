/** `espalier eval`: how good a saved model is, and what it costs. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkSource, sourceNames } from '@espalier/pipeline';
import type { Command } from 'commander';
import { withComputeOptions, withExamples, type ComputeOptions } from '../cli/options.ts';
import { openSession, type Environment, type Session } from '../cli/session.ts';
import { withWorkers } from '../cli/with-workers.ts';
import { UsageError } from '../errors.ts';
import { judgedTable } from '../report/table-judged.ts';
import { dataOf } from '../files/arrays-source.ts';
import type { FileModelOptions } from '../files/described-model.ts';
import { withModelFolder } from '../files/model-folder.ts';
import { describeMeasurement, measureModel } from './measured.ts';
import { modelArgument, withFileOptions } from './file-options.ts';

interface EvalOptions extends ComputeOptions, FileModelOptions {
  readonly data: string;
}

/** Whether a model says how its data was prepared. What is wrong with its files is said by who loads them. */
function isPrepared(folder: string): boolean {
  try {
    const config: unknown = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8'));
    return Reflect.get(Object(Reflect.get(Object(config), 'metadata')), 'preparation') !== undefined;
  } catch {
    return false;
  }
}

/** Judges a model by data of the kind that it was made of, as that was prepared. */
async function assess(session: Session, from: string, { data: path, device = 'auto' }: EvalOptions): Promise<void> {
  if (!existsSync(path))
    throw new UsageError(
      `${path}: there is no such file or folder: give --data of the kind that the model was made of`,
    );
  const assessed = await withWorkers(session, device, (runner) => runner.run('assess', { from, path }));
  const { judgement, baselines, examples } = assessed;
  session.result({ folder: from, data: path, ...assessed }, () => {
    return `${judgedTable([judgement, ...baselines], session.stdout)}\n\njudged by ${examples} examples`;
  });
}

/** Adds `espalier eval`. */
export function addEvalCommand(program: Command, environment: Environment): void {
  const command = program
    .command('eval')
    .description('evaluate a saved model on the test images, or on data of the kind that it was made of')
    .argument('<model>', modelArgument)
    .option(
      '--data <source>',
      "'mnist', a folder with the four IDX files, an .npz file with x and y, or more of what the model was made of",
      'mnist',
    );
  withExamples(withComputeOptions(withFileOptions(command)), [
    ['espalier eval runs/quickstart/int8', 'accuracy, size and latency of a model'],
    ['espalier eval runs/quickstart/int8 --device webgpu --json', 'on another device, for a script'],
    ['espalier eval model.onnx --data digits.npz', 'a model in a file'],
    ['espalier eval runs/flowers/small --data garden', 'on other pictures by class'],
  ]).action(async (from: string, options: EvalOptions) => {
    const session = openSession(environment, options);
    const source = dataOf(options.data);
    await withModelFolder(from, options, async (folder) => {
      if (isPrepared(folder) && typeof source === 'string' && !sourceNames().includes(source))
        return assess(session, folder, options);
      checkSource(source);
      const measured = await withWorkers(
        session,
        options.device ?? 'auto',
        (runner) => measureModel(session, runner, folder, source),
        [folder],
        source,
      );
      session.result({ folder: from, ...measured }, () => describeMeasurement(measured));
    });
  });
}
