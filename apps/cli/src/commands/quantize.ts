/** `espalier quantize`: a saved model in fewer bits. */
import { numberFormats, quantize, type WeightFormat } from '@espalier/optimize';
import { checkSource } from '@espalier/pipeline';
import { Option, type Command } from 'commander';
import { defaultSeed, wholeNumberFrom, withExamples } from '../cli/options.ts';
import { openSession, type Environment } from '../cli/session.ts';
import { lessonFor, withOwnDataOptions, type OwnDataOptions } from '../files/own-data.ts';
import type { FileModelOptions } from '../files/described-model.ts';
import { isFile } from '../files/model-file.ts';
import { withModelFolder } from '../files/model-folder.ts';
import { workOnFile, type Include } from '../files/work-on-file.ts';
import { modelArgument, withFileOptions } from './file-options.ts';
import { withModelOptions, type ModelOptions } from './model-options.ts';
import { showTransformed, transform } from './transform.ts';

interface QuantizeOptions extends ModelOptions, FileModelOptions, OwnDataOptions {
  readonly weights: WeightFormat;
  readonly granularity?: 'channel' | 'tensor' | 'fitting';
  readonly group?: number;
  readonly activations?: 'static' | 'dynamic';
}

/** Adds `espalier quantize`. */
export function addQuantizeCommand(program: Command, environment: Environment): void {
  const command = program
    .command('quantize')
    .description('store the weights of a model in fewer bits')
    .argument('<model>', modelArgument)
    .addOption(new Option('--weights <format>', 'what weights become').choices(numberFormats).default('int8'))
    .addOption(
      new Option(
        '--granularity <name>',
        'what shares a scale; fitting: a channel, or a few weights where one channel needs that (default: fitting for a file of others, else channel)',
      )
        .choices(['channel', 'tensor', 'fitting'])
        .conflicts('group'),
    )
    .option('--group <n>', 'how many weights of a channel share a scale: 32, of few bits', wholeNumberFrom(1))
    .addOption(
      new Option(
        '--activations <how>',
        'round what weights are multiplied with as well: by scales that the data shows, or by those of each row',
      ).choices(['static', 'dynamic']),
    );
  withExamples(withModelOptions(withOwnDataOptions(withFileOptions(command))), [
    [
      'espalier quantize runs/model-90 --weights int8 -o runs/model-int8',
      'a quarter of the bytes, zeros still left out',
    ],
    ['espalier quantize model.onnx --weights int4 --group 32 -o small.onnx', 'a model in a file, by its weights alone'],
    [
      'espalier quantize model.onnx --activations static --data digits.npz -o small.onnx',
      'with scales that data shows',
    ],
  ]).action(async (from: string, options: QuantizeOptions) => {
    const session = openSession(environment, options);
    const { weights, group, activations, seed = defaultSeed } = options;
    const { granularity = isFile(from) ? 'fitting' : 'channel' } = options;
    const numbers = {
      weights,
      ...(group === undefined ? { granularity } : { group }),
      ...(activations && { activations }),
    };
    if (isFile(from) && command.getOptionValueSource('data') !== 'cli') {
      const pass = (include: Include) => quantize({ ...numbers, ...include });
      return workOnFile(session, { ...options, command: 'quantize', from, seed, pass });
    }
    await withModelFolder(from, options, async (folder) => {
      const lesson = await lessonFor(folder, from, options);
      const { source, task } = lesson;
      checkSource(source);
      const origin = { ...options, path: from };
      const how = { from: folder, lesson, origin, sources: [from] };
      const made =
        !isFile(from) && group === undefined && activations === undefined && granularity !== 'fitting'
          ? await transform(session, options, {
              ...how,
              job: 'quantize',
              input: (into) => ({ from: folder, folder: into, weights, granularity }),
            })
          : await transform(session, options, {
              ...how,
              job: 'optimize',
              command: 'quantize',
              input: (into) => ({
                source,
                ...(task !== undefined && { task }),
                from: folder,
                folder: into,
                seed,
                // What was trained elsewhere is rounded as it is: the means of outputs are the least that data can give back.
                steps: [{ type: 'quantize', ...numbers, ...(isFile(from) && { correctBiases: { examples: 32 } }) }],
              }),
            });
      showTransformed(session, made);
    });
  });
}
