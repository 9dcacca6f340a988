/** `espalier prune`: a saved model with most of its weights at zero. */
import { importances, prune, shrink, type Importance } from '@espalier/optimize';
import { checkSource } from '@espalier/pipeline';
import { Option, type Command } from 'commander';
import { defaultSeed, numberBetween, wholeNumberFrom, withExamples } from '../cli/options.ts';
import { openSession, type Environment } from '../cli/session.ts';
import { lessonFor, withOwnDataOptions, type OwnDataOptions } from '../files/own-data.ts';
import type { FileModelOptions } from '../files/described-model.ts';
import { isFile } from '../files/model-file.ts';
import { withModelFolder } from '../files/model-folder.ts';
import { workOnFile, type Include } from '../files/work-on-file.ts';
import { modelArgument, withFileOptions } from './file-options.ts';
import { withModelOptions, type ModelOptions } from './model-options.ts';
import { showTransformed, transform } from './transform.ts';

interface PruneOptions extends ModelOptions, FileModelOptions, OwnDataOptions {
  readonly sparsity: number;
  readonly method?: Importance;
  readonly structured?: boolean;
  readonly scope: 'global' | 'local';
  readonly epochs: number;
  readonly lr: number;
  readonly batch: number;
}

/** Adds `espalier prune`. */
export function addPruneCommand(program: Command, environment: Environment): void {
  const command = program
    .command('prune')
    .description('set most weights of a model to zero, little by little, while training it on')
    .argument('<model>', modelArgument)
    .option('--sparsity <part>', 'the part of the weights that becomes zero', numberBetween(0, 1), 0.9)
    .option('--structured', 'take that part of the channels and neurons away instead: the model becomes smaller')
    .addOption(
      new Option('--method <name>', 'which weights go first (default: lamp; magnitude of channels)').choices(
        importances,
      ),
    )
    .addOption(
      new Option('--scope <name>', 'rank weights in all layers together, or in each')
        .choices(['global', 'local'])
        .default('global'),
    )
    .option('--epochs <n>', 'how often to go through the images', wholeNumberFrom(1), 3)
    .option('--lr <rate>', 'the learning rate', numberBetween(0, 10), 0.003)
    .option('--batch <n>', 'images in a step', wholeNumberFrom(1), 64);
  withExamples(withModelOptions(withOwnDataOptions(withFileOptions(command))), [
    ['espalier prune runs/model --sparsity 0.9 -o runs/model-90', 'keep a tenth of the weights'],
    ['espalier prune runs/model --method random -o runs/model-random', 'the baseline to compare with'],
    ['espalier prune model.pth --sparsity 0.5 -o pruned.pth', 'a model of PyTorch, by its weights alone'],
    [
      'espalier prune resnet.pth --model resnet-18 --input 3,224,224 --structured --sparsity 0.5 -o half.pth',
      'half of its channels',
    ],
    ['espalier prune model.onnx --data digits.npz --sparsity 0.8 -o pruned.onnx', 'trained on, by data'],
  ]).action(async (from: string, options: PruneOptions) => {
    const session = openSession(environment, options);
    const { sparsity, scope, epochs, lr, batch, structured = false, seed = defaultSeed } = options;
    const method = options.method ?? (structured ? 'magnitude' : 'lamp');
    const isByData = ['data', 'epochs', 'lr', 'batch'].some((name) => command.getOptionValueSource(name) === 'cli');
    if (isFile(from) && !isByData) {
      const pass = (include: Include) =>
        structured
          ? shrink({ ratio: sparsity, method, recalibrate: 0, ...include })
          : prune({ sparsity, method, scope, ...include });
      return workOnFile(session, { ...options, command: 'prune', from, seed, pass, reshapes: structured });
    }
    await withModelFolder(from, options, async (folder) => {
      const lesson = await lessonFor(folder, from, options);
      const { source, task } = lesson;
      checkSource(source);
      const origin = { ...options, path: from };
      const how = { from: folder, lesson, origin, sources: [from] };
      const settings = { source, ...(task !== undefined && { task }), from: folder, seed };
      const training = { epochs, batchSize: batch, optimizer: { type: 'adam', lr }, schedule: 'cosine' };
      const made = structured
        ? await transform(session, options, {
            ...how,
            job: 'optimize',
            command: 'prune',
            input: (into) => ({
              ...settings,
              folder: into,
              steps: [{ type: 'shrink', ratio: sparsity, method, train: training }],
            }),
          })
        : await transform(session, options, {
            ...how,
            job: 'prune',
            input: (into) => ({ ...settings, folder: into, sparsity, method, scope, epochs, lr, batch }),
          });
      showTransformed(session, made);
    });
  });
}
