/** `espalier import`: a model of another program as a folder that all commands take. */
import { folderBytes, saveOptimized } from '@espalier/optimize/node';
import { openDevice } from '@espalier/pipeline';
import type { Command } from 'commander';
import { withCommonOptions, withExamples } from '../cli/options.ts';
import { openSession, type CommonOptions, type Environment } from '../cli/session.ts';
import type { FileModelOptions } from '../files/described-model.ts';
import { importFile } from '../files/import-file.ts';
import { bytesOfFile } from '../files/write-model.ts';
import { withOutputFolder } from '../output/output-folder.ts';
import { formatBytes, formatCount } from '../terminal/format.ts';
import { modelEndings, withFileOptions } from './file-options.ts';
import { overwriteOption } from './model-options.ts';

interface ImportOptions extends CommonOptions, FileModelOptions {
  readonly output: string;
  readonly overwrite?: boolean;
}

/** Adds `espalier import`. */
export function addImportCommand(program: Command, environment: Environment): void {
  const command = withFileOptions(
    program
      .command('import')
      .description('make a folder of a model of ONNX, PyTorch, safetensors, GGUF or NumPy, for all other commands')
      .argument('<file>', `an ${modelEndings} file`)
      .requiredOption('-o, --output <folder>', 'where to write the model: a folder that is new or empty')
      .addOption(overwriteOption()),
  );
  withExamples(withCommonOptions(command), [
    ['espalier import model.pth -o runs/imported', 'a module that was saved whole'],
    ['espalier import resnet.pth --model resnet-18 -o runs/imported', 'a state dict of torchvision'],
    ['espalier import state.pth --model layers.json --names order -o runs/imported', 'a state dict'],
    ['espalier import model.onnx -o runs/imported', 'a graph of ONNX, its weights as parameters'],
  ]).action(async (file: string, options: ImportOptions) => {
    const session = openSession(environment, options);
    await openDevice('cpu');
    const { module, metadata, by, note, others, left } = await importFile(file, options);
    const parameters = module.parameters().reduce((sum, { size }) => sum + size, 0);
    const { output, overwrite = false } = options;
    const bytes = 65_536 + 2 * bytesOfFile(file);
    const request = { path: output, command: 'import', overwrite, sources: [file], bytes };
    await withOutputFolder(request, async ({ work, complete }) => {
      await saveOptimized(work, module, { metadata });
      await complete();
    });
    session.result({ folder: output, by, note, others, parameters }, () => {
      const rest = left.length > 8 ? ` and ${left.length - 8} more` : '';
      const notes = [
        ...(note === undefined ? [] : [`its layers are not known (${note}): it is tensors alone`]),
        ...(left.length === 0 ? [] : [`left out, since no layer has it: ${left.slice(0, 8).join(', ')}${rest}`]),
      ];
      return [`${formatCount(parameters)} parameters`, ...notes, `written to ${output}`].join('\n');
    });
    session.log(`${formatBytes(await folderBytes(output))} on disk`);
  });
}
