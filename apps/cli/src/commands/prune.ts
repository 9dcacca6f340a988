/** `espalier prune`: a saved model with most of its weights at zero. */
import { importances, prune, type Importance } from '@espalier/optimize';
import { checkSource } from '@espalier/pipeline';
import { Option, type Command } from 'commander';
import { numberBetween, wholeNumberFrom, withExamples } from '../cli/options.ts';
import { openSession, type Environment } from '../cli/session.ts';
import { isFile } from '../files/model-file.ts';
import { refuseTraining, workOnFile, type Include } from '../files/work-on-file.ts';
import { keyOption } from './import.ts';
import { checkModelFolder, defaultSeed, withModelOptions, type ModelOptions } from './model-options.ts';
import { showTransformed, transform } from './transform.ts';

interface PruneOptions extends ModelOptions {
  readonly sparsity: number;
  readonly method: Importance;
  readonly scope: 'global' | 'local';
  readonly epochs: number;
  readonly lr: number;
  readonly batch: number;
  readonly key?: string;
}

/** Adds `espalier prune`. */
export function addPruneCommand(program: Command, environment: Environment): void {
  const command = program
    .command('prune')
    .description('set most weights of a model to zero, little by little, while training it on')
    .argument('<model>', 'the folder of a saved model, or an .onnx, .pth, .safetensors or .npz file')
    .option('--sparsity <part>', 'the part of the weights that becomes zero', numberBetween(0, 1), 0.9)
    .addOption(new Option('--method <name>', 'which weights go first').choices(importances).default('lamp'))
    .addOption(
      new Option('--scope <name>', 'rank weights in all layers together, or in each')
        .choices(['global', 'local'])
        .default('global'),
    )
    .option('--epochs <n>', 'how often to go through the images', wholeNumberFrom(1), 3)
    .option('--lr <rate>', 'the learning rate', numberBetween(0, 10), 0.003)
    .option('--batch <n>', 'images in a step', wholeNumberFrom(1), 64)
    .addOption(keyOption());
  withExamples(withModelOptions(command), [
    ['espalier prune runs/model --sparsity 0.9 -o runs/model-90', 'keep a tenth of the weights'],
    ['espalier prune runs/model --method random -o runs/model-random', 'the baseline to compare with'],
    ['espalier prune model.pth --sparsity 0.5 -o pruned.pth', 'a model of PyTorch, by its weights alone'],
  ]).action(async (from: string, options: PruneOptions) => {
    const session = openSession(environment, options);
    if (isFile(from)) {
      refuseTraining(command, from, ['data', 'epochs', 'lr', 'batch']);
      const { sparsity, method, scope, seed = defaultSeed } = options;
      const pass = (include: Include) => prune({ sparsity, method, scope, ...include });
      return workOnFile(session, { ...options, command: 'prune', from, seed, pass });
    }
    checkModelFolder(from);
    checkSource(options.data);
    const { data: source, seed = defaultSeed, sparsity, method, scope, epochs, lr, batch } = options;
    const settings = { source, from, seed, sparsity, method, scope, epochs, lr, batch };
    const input = (folder: string) => ({ ...settings, folder });
    showTransformed(session, await transform(session, options, { from, job: 'prune', input }));
  });
}
