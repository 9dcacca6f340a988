/** `espalier export`: a saved model as a file that other programs open. */
import { containerTypes, findContainer } from '@espalier/models';
import { openDevice } from '@espalier/pipeline';
import { loadModelFolder } from '@espalier/pipeline/node';
import { Option, type Command } from 'commander';
import { withCommonOptions, withExamples } from '../cli/options.ts';
import { withPlugins } from '../cli/plugin.ts';
import { openSession, type CommonOptions, type Environment } from '../cli/session.ts';
import { isFile, openModelFile } from '../files/model-file.ts';
import { bytesOfFile, convertFile, writeModel } from '../files/write-model.ts';
import { formatBytes } from '../terminal/format.ts';
import { keyOption } from './import.ts';
import { checkModelFolder, overwriteOption } from './model-options.ts';

interface ExportOptions extends CommonOptions {
  readonly to: string;
  readonly output: string;
  readonly overwrite?: boolean;
  readonly key?: string;
}

/** The names that a model had in the file that it was made of, by those that it has. */
function originalNames({ imported }: { readonly [key: string]: unknown }): ReadonlyMap<string, string> {
  const names: unknown = Object(imported) === imported ? Reflect.get(imported as object, 'names') : undefined;
  return new Map(
    Object.entries((names ?? {}) as Record<string, string>).filter(([, name]) => typeof name === 'string'),
  );
}

/** Adds `espalier export`. */
export function addExportCommand(program: Command, environment: Environment): void {
  const formats = containerTypes.filter((type) => findContainer(type).write !== undefined);
  const command = program
    .command('export')
    .description('write a saved model as a file that other programs open')
    .argument('<model>', 'the folder of a saved model, or a file of tensors')
    .addOption(new Option('--to <format>', 'what to write').choices(formats).makeOptionMandatory())
    .requiredOption('-o, --output <file>', 'the file to write')
    .addOption(overwriteOption())
    .addOption(keyOption());
  withExamples(withPlugins(withCommonOptions(command)), [
    ['espalier export runs/model-90 --to pytorch -o model-90.pth', 'a state dict for load_state_dict'],
    ['espalier export model.pth --to safetensors -o model.safetensors', 'the tensors of a file in another format'],
  ]).action(async (from: string, options: ExportOptions) => {
    const session = openSession(environment, options);
    const { to: format, output, overwrite = false, key } = options;
    const file = { path: output, format, overwrite, sources: [from] };
    let notes: readonly string[];
    if (isFile(from)) {
      const source = await openModelFile(from, key);
      notes = await convertFile(file, source).finally(() => source.close());
    } else {
      checkModelFolder(from);
      await openDevice('cpu');
      const { model, metadata } = await loadModelFolder(from);
      notes = await writeModel(file, model, originalNames(metadata));
    }
    const bytes = bytesOfFile(output);
    session.result({ file: output, format, bytes, notes }, () =>
      [...notes, `${formatBytes(bytes)} written to ${output}`].join('\n'),
    );
  });
}
