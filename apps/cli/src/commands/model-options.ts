/** Options of the commands that write a model. */
import { Option, type Command } from 'commander';
import { withComputeOptions, type ComputeOptions } from '../cli/options.ts';

/** Options of the commands that turn data, and perhaps a model, into a model. */
export interface ModelOptions extends ComputeOptions {
  readonly data: string;
  readonly output: string;
  readonly overwrite?: boolean;
}

/** The option of commands whose output may take the place of an earlier one of theirs. */
export function overwriteOption(): Option {
  return new Option('--overwrite', 'replace what espalier wrote there before; a file, whoever wrote it');
}

/** The option of commands that can go on with what was stopped. */
export function resumeOption(): Option {
  return new Option('--resume', 'go on with what was begun for the output folder').conflicts('overwrite');
}

/** Adds the options of commands that write a model. */
export function withModelOptions(command: Command): Command {
  command
    .requiredOption(
      '-o, --output <folder>',
      'where to write the model: a folder that is new or empty, or a file, such as small.pth or small.onnx',
    )
    .addOption(overwriteOption())
    .option(
      '--data <source>',
      "'mnist', a folder with the four IDX files, an .npz file with x and y; of a model that says nothing of its data a table with --target, or pictures by class",
      'mnist',
    );
  return withComputeOptions(command);
}
