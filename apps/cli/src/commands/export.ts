/** `espalier export`: a saved model as a file that other programs open. */
import { blockTypes, containerTypes, findContainer } from '@espalier/models';
import { openDevice } from '@espalier/pipeline';
import { loadModelFolder } from '@espalier/pipeline/node';
import { Option, type Command } from 'commander';
import { withCommonOptions, withExamples } from '../cli/options.ts';
import { withPlugins } from '../cli/plugin.ts';
import { openSession, type CommonOptions, type Environment } from '../cli/session.ts';
import { UsageError } from '../errors.ts';
import { checkModelFolder, formatOf, isFile, isOnnx, openModelFile } from '../files/model-file.ts';
import { inputOf, originalNames } from '../files/of-folder.ts';
import { writeOnnx } from '../files/onnx-file.ts';
import { bytesOfFile, convertFile, writeModel } from '../files/write-model.ts';
import { formatBytes } from '../terminal/format.ts';
import { keyOption, shapeOf } from './file-options.ts';
import { overwriteOption } from './model-options.ts';

interface ExportOptions extends CommonOptions {
  readonly to: string;
  readonly output: string;
  readonly overwrite?: boolean;
  readonly key?: string;
  readonly dtype?: string;
  readonly input?: readonly number[];
}

/** Endings that files of any format have. */
const anyBinary = /\.(?:bin|ckpt)$/iu;

/** Adds `espalier export`. */
export function addExportCommand(program: Command, environment: Environment): void {
  const formats = containerTypes.filter((type) => findContainer(type).write !== undefined);
  const command = program
    .command('export')
    .description('write a saved model as a file that other programs open')
    .argument('<model>', 'the folder of a saved model, or a file of tensors')
    .addOption(new Option('--to <format>', 'what to write').choices([...formats, 'onnx']).makeOptionMandatory())
    .requiredOption('-o, --output <file>', 'the file to write')
    .addOption(overwriteOption())
    .addOption(
      new Option('--input <shape>', 'of ONNX: the shape of one example, where the folder does not say it').argParser(
        shapeOf,
      ),
    )
    .addOption(
      new Option('--dtype <name>', 'what floats become; blocks such as Q8_0, of matrices, are of GGUF').choices([
        ...new Set(['F32', 'F16', 'BF16', 'F64', ...blockTypes]),
      ]),
    )
    .addOption(keyOption());
  withExamples(withPlugins(withCommonOptions(command)), [
    ['espalier export runs/model-90 --to pytorch -o model-90.pth', 'a state dict for load_state_dict'],
    ['espalier export runs/model --to gguf --dtype Q8_0 -o model.gguf', 'matrices in blocks of 8 bits'],
    ['espalier export model.pth --to safetensors -o model.safetensors', 'the tensors of a file in another format'],
    ['espalier export runs/model-90 --to onnx -o model-90.onnx', 'layers and weights, for any runtime of ONNX'],
  ]).action(async (from: string, options: ExportOptions) => {
    const session = openSession(environment, options);
    const { to: format, output, overwrite = false, key, input, dtype } = options;
    if (format === 'onnx' && dtype !== undefined)
      throw new UsageError(
        `${from}: --dtype is of files of tensors, and ONNX keeps the dtypes of layers: leave it out`,
      );
    const ending = formatOf(output);
    if (ending !== undefined && ending !== format && !anyBinary.test(output))
      throw new UsageError(`${output}: this is a name of ${ending}, and --to says ${format}: change one of the two`);
    const say = (note: string): void => session.log(note);
    const file = { path: output, format, overwrite, sources: [from], say, ...(dtype !== undefined && { dtype }) };
    let notes: readonly string[];
    if (isFile(from)) {
      if (format === 'onnx' || isOnnx(from))
        throw new UsageError(
          `${from}: ${isOnnx(from) ? 'a graph' : 'tensors without layers'}: make a folder of it by espalier import, and export that`,
        );
      const source = await openModelFile(from, key);
      notes = await convertFile(file, source).finally(() => source.close());
    } else {
      checkModelFolder(from);
      await openDevice('cpu');
      const { model, metadata } = await loadModelFolder(from);
      notes =
        format === 'onnx'
          ? await writeOnnx(file, model, inputOf(from, model, metadata, input))
          : await writeModel(file, model, originalNames(metadata));
    }
    const bytes = bytesOfFile(output);
    session.result({ file: output, format, bytes, notes }, () => `${formatBytes(bytes)} written to ${output}`);
  });
}
