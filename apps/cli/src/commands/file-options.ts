/** What commands take that read models from files of other programs. */
import { memberNames } from '@espalier/models';
import { InvalidArgumentError, Option, type Command } from 'commander';

/** Endings of files of models, for help. */
export const modelEndings = '.onnx, .pth, .safetensors, .gguf or .npz';

/** What an argument is that names a model. */
export const modelArgument: string = `the folder of a saved model, or an ${modelEndings} file`;

/**
 * A parser of shapes: `1,28,28`.
 * @throws {InvalidArgumentError} for anything else.
 */
export function shapeOf(text: string): readonly number[] {
  const sizes = text.split(',').map(Number);
  if (/^[\d,]+$/u.test(text) && sizes.every((size) => Number.isSafeInteger(size) && size > 0)) return sizes;
  throw new InvalidArgumentError('Give the shape of one example, such as 1,28,28.');
}

/** The option of commands that read files: where in them the tensors are. */
export function keyOption(): Option {
  return new Option('--key <name>', 'of a file of PyTorch that has tensors in several places: under which key');
}

const another = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

/** Adds what may be said of a file that a model is in. */
export function withFileOptions(command: Command): Command {
  return command
    .addOption(keyOption())
    .option(
      '--model <description>',
      `of a file without layers: a name such as ${memberNames()[0]}, or a file with a description as in config.json (default: what the file says)`,
    )
    .option(
      '--names <how>',
      'how tensors of a file find their layers: by \'name\', in the \'order\' of the file, or by a JSON file { "0.weight": "conv1.weight", … } (default: as the model says, else name)',
    )
    .option('--input <shape>', 'of a file: the shape of one example, such as 1,28,28', shapeOf)
    .option(
      '--fixed <name=numbers>',
      'of an ONNX file with several inputs: one that always has this value, such as length=7; may be repeated',
      another,
    );
}
