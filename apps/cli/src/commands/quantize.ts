/** `espalier quantize`: a saved model in fewer bits. */
import { numberFormats, quantize, type WeightFormat } from '@espalier/optimize';
import { checkSource } from '@espalier/pipeline';
import { Option, type Command } from 'commander';
import { withExamples } from '../cli/options.ts';
import { openSession, type Environment } from '../cli/session.ts';
import { isFile } from '../files/model-file.ts';
import { refuseTraining, workOnFile, type Include } from '../files/work-on-file.ts';
import { keyOption } from './import.ts';
import { checkModelFolder, defaultSeed, withModelOptions, type ModelOptions } from './model-options.ts';
import { showTransformed, transform } from './transform.ts';

interface QuantizeOptions extends ModelOptions {
  readonly weights: WeightFormat;
  readonly granularity: 'channel' | 'tensor';
  readonly key?: string;
}

/** Adds `espalier quantize`. */
export function addQuantizeCommand(program: Command, environment: Environment): void {
  const command = program
    .command('quantize')
    .description('store the weights of a model in fewer bits')
    .argument('<model>', 'the folder of a saved model, or an .onnx, .pth, .safetensors or .npz file')
    .addOption(new Option('--weights <format>', 'what weights become').choices(numberFormats).default('int8'))
    .addOption(
      new Option('--granularity <name>', 'what shares a scale').choices(['channel', 'tensor']).default('channel'),
    )
    .addOption(keyOption());
  withExamples(withModelOptions(command), [
    [
      'espalier quantize runs/model-90 --weights int8 -o runs/model-int8',
      'a quarter of the bytes, zeros still left out',
    ],
  ]).action(async (from: string, options: QuantizeOptions) => {
    const session = openSession(environment, options);
    if (isFile(from)) {
      refuseTraining(command, from, ['data']);
      const { weights, granularity, seed = defaultSeed } = options;
      const pass = (include: Include) => quantize({ weights, granularity, ...include });
      return workOnFile(session, { ...options, command: 'quantize', from, seed, pass });
    }
    checkModelFolder(from);
    checkSource(options.data);
    const { weights, granularity } = options;
    const input = (folder: string) => ({ from, folder, weights, granularity });
    showTransformed(session, await transform(session, options, { from, job: 'quantize', input }));
  });
}
