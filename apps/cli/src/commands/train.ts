/** `espalier train`: a candidate trained on all examples. */
import { checkSource, filesOfSource, trainingBytes } from '@espalier/pipeline';
import type { Command } from 'commander';
import { defaultSeed, wholeNumberFrom, withExamples } from '../cli/options.ts';
import { readText } from '../cli/read-text.ts';
import { resumable } from '../cli/resumable.ts';
import { openSession, type Environment } from '../cli/session.ts';
import { withWorkers } from '../cli/with-workers.ts';
import { withOutputFolder } from '../output/output-folder.ts';
import { dataOf } from '../files/arrays-source.ts';
import { readCandidate } from '../recipe/candidate.ts';
import { classWeightsOption, weightsOf } from './class-weights.ts';
import { describeMeasurement, measureModel } from './measured.ts';
import { resumeOption, withModelOptions, type ModelOptions } from './model-options.ts';

interface TrainOptions extends ModelOptions {
  readonly epochs: number;
  readonly holdOut?: number;
  readonly resume?: boolean;
  readonly classWeights?: string;
}

/** Adds `espalier train`. */
export function addTrainCommand(program: Command, environment: Environment): void {
  const command = program
    .command('train')
    .description('train a candidate on all training images')
    .argument('<candidate>', 'a YAML file with architecture, initialiser and training, such as winner.yaml')
    .option('--epochs <n>', 'how often to go through the images', wholeNumberFrom(1), 4)
    .option(
      '--hold-out <n>',
      'how many training images to leave out, for `espalier optimize` to decide by',
      wholeNumberFrom(1),
    )
    .addOption(classWeightsOption())
    .addOption(resumeOption());
  withExamples(withModelOptions(command), [
    ['espalier train runs/search/winner.yaml -o runs/model', 'what a search found'],
    ['espalier train runs/search/winner.yaml -o runs/model --resume', 'go on after Ctrl-C'],
  ]).action(async (file: string, options: TrainOptions) => {
    const session = openSession(environment, options);
    const candidate = readCandidate(file, await readText(file));
    const source = dataOf(options.data);
    const { data, output: folder, epochs, seed = defaultSeed, device = 'auto' } = options;
    const { resume = false, overwrite = false, holdOut } = options;
    const classWeights = weightsOf(options);
    const told = {
      ...(holdOut !== undefined && { heldOut: holdOut }),
      ...(classWeights !== undefined && { classWeights }),
    };
    const again = [
      'train',
      file,
      '-o',
      folder,
      '--data',
      data,
      '--epochs',
      String(epochs),
      ...(holdOut === undefined ? [] : ['--hold-out', String(holdOut)]),
      ...(options.classWeights === undefined ? [] : ['--class-weights', options.classWeights]),
      '--seed',
      String(seed),
      '--device',
      device,
      '--resume',
    ];
    checkSource(source);
    const request = {
      path: folder,
      command: 'train',
      overwrite,
      resume,
      resumable: true,
      sources: [file, ...filesOfSource(source)],
      bytes: trainingBytes(candidate),
    };
    const measured = await resumable(session, again, () =>
      withWorkers(
        session,
        device,
        (runner) =>
          withOutputFolder({ ...request, profiling: session.profiling }, async ({ work, complete }) => {
            const bar = session.progress.start('train', epochs);
            const input = { source, candidate, seed, epochs, folder: work, resume, ...told };
            await runner.run('train', input, (done, total, note) => bar.update((epochs * done) / total, note));
            bar.finish();
            await complete();
            return measureModel(session, runner, folder, source);
          }),
        [],
        source,
      ),
    );
    session.result({ folder, ...measured }, () => `${describeMeasurement(measured)}\n\nwritten to ${folder}`);
  });
}
