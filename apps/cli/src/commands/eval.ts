/** `espalier eval`: how good a saved model is, and what it costs. */
import { checkSource } from '@espalier/pipeline';
import type { Command } from 'commander';
import { withComputeOptions, withExamples, type ComputeOptions } from '../cli/options.ts';
import { openSession, type Environment } from '../cli/session.ts';
import { withWorkers } from '../cli/with-workers.ts';
import { describeMeasurement, measureModel } from './measured.ts';
import { checkModelFolder } from './model-options.ts';

interface EvalOptions extends ComputeOptions {
  readonly data: string;
}

/** Adds `espalier eval`. */
export function addEvalCommand(program: Command, environment: Environment): void {
  const command = program
    .command('eval')
    .description('evaluate a saved model on the test images')
    .argument('<model>', 'the folder of a saved model')
    .option('--data <source>', "'mnist', or a folder with the four IDX files", 'mnist');
  withExamples(withComputeOptions(command), [
    ['espalier eval runs/quickstart/int8', 'accuracy, size and latency of a model'],
    ['espalier eval runs/quickstart/int8 --device webgpu --json', 'on another device, for a script'],
  ]).action(async (folder: string, options: EvalOptions) => {
    const session = openSession(environment, options);
    checkModelFolder(folder);
    checkSource(options.data);
    const measured = await withWorkers(
      session,
      options.device ?? 'auto',
      (runner) => measureModel(session, runner, folder, options.data),
      [folder],
    );
    session.result({ folder, ...measured }, () => describeMeasurement(measured));
  });
}
