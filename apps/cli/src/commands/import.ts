/** `espalier import`: a model of another program as a folder that all commands take. */
import {
  importModel,
  memberNamed,
  memberNames,
  stateDictModel,
  type ImportedModel,
  type StateNames,
  type TensorSource,
} from '@espalier/models';
import type { Json, Module, ModuleConfig } from '@espalier/nn';
import { folderBytes, saveOptimized } from '@espalier/optimize/node';
import { openDevice } from '@espalier/pipeline';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { withCommonOptions, withExamples } from '../cli/options.ts';
import { readText } from '../cli/read-text.ts';
import { openSession, type CommonOptions, type Environment } from '../cli/session.ts';
import { UsageError } from '../errors.ts';
import { isFile, isOnnx, openModelFile } from '../files/model-file.ts';
import { describeOnnxOrigin, readOnnx } from '../files/onnx-file.ts';
import { describeOrigin } from '../files/work-on-file.ts';
import { bytesOfFile } from '../files/write-model.ts';
import { withOutputFolder } from '../output/output-folder.ts';
import { formatBytes, formatCount } from '../terminal/format.ts';
import { overwriteOption } from './model-options.ts';

interface ImportOptions extends CommonOptions {
  readonly output: string;
  readonly overwrite?: boolean;
  readonly key?: string;
  readonly model?: string;
  /** `name`, `order`, or a file. */
  readonly names?: string;
  readonly input?: readonly number[];
}

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

/** @throws {UsageError} for a file that is no JSON object. */
async function readObject(path: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    const value: unknown = JSON.parse(await readText(path));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
    throw new UsageError(`${path}: it is no JSON object`);
  } catch (error) {
    if (error instanceof SyntaxError) throw new UsageError(`${path}: it is no JSON: ${error.message}`);
    throw error;
  }
}

async function namesBy(how: string): Promise<StateNames> {
  if (how === 'name' || how === 'order') return how;
  const names = Object.entries(await readObject(how));
  return new Map(
    names.map(([own, name]) => {
      if (typeof name === 'string') return [own, name];
      throw new UsageError(`${how}: ${own} has no name: give that of a tensor of the file`);
    }),
  );
}

async function imported(source: TensorSource, { model, names }: ImportOptions): Promise<ImportedModel> {
  if (model === undefined) return importModel(source);
  const how = names === undefined ? {} : { names: await namesBy(names) };
  return stateDictModel(source, await describedBy(model), how);
}

/** A description: by its name, or in a file. */
async function describedBy(model: string): Promise<ModuleConfig> {
  const named = memberNamed(model);
  if (named) return named;
  if (!isFile(model))
    throw new UsageError(`${model}: there is no such file, and no such model: known are ${memberNames().join(', ')}`);
  return (await readObject(model)) as ModuleConfig;
}

/** What came of a file. */
interface Made {
  readonly by: string;
  readonly note: string | undefined;
  readonly others: readonly string[];
  /** Those of the others that are no ties. */
  readonly left: readonly string[];
  readonly parameters: number;
}

const countOf = (module: Module): number => module.parameters().reduce((sum, { size }) => sum + size, 0);

async function save(
  file: string,
  { output, overwrite = false }: ImportOptions,
  module: Module,
  metadata: { readonly [key: string]: Json },
): Promise<void> {
  const bytes = 65_536 + 2 * bytesOfFile(file);
  const request = { path: output, command: 'import', overwrite, sources: [file], bytes };
  await withOutputFolder(request, async ({ work, complete }) => {
    await saveOptimized(work, module, { metadata });
    await complete();
  });
}

async function importTensors(file: string, options: ImportOptions): Promise<Made> {
  const { key, input } = options;
  const source = await openModelFile(file, key);
  try {
    const model = await imported(source, options);
    const { module, by, note, others } = model;
    const metadata = { ...describeOrigin({ source, imported: model }), ...(input && { input: [...input] }) };
    await save(file, options, module, metadata);
    return { by, note, others, left: others.filter((name) => !source.ties.has(name)), parameters: countOf(module) };
  } finally {
    await source.close();
  }
}

async function importGraph(file: string, options: ImportOptions): Promise<Made> {
  const module = await readOnnx(file);
  await save(file, options, module, describeOnnxOrigin(module, options.input));
  return { by: 'graph', note: undefined, others: [], left: [], parameters: countOf(module) };
}

/** @throws {UsageError} for options of other files. */
function refuseForOnnx(command: Command, file: string): void {
  const given = ['model', 'names', 'key'].filter((name) => command.getOptionValueSource(name) === 'cli');
  if (given.length > 0)
    throw new UsageError(
      `${file}: an ONNX model says itself what its layers are: leave out ${given.map((name) => `--${name}`).join(', ')}`,
    );
}

/** Adds `espalier import`. */
export function addImportCommand(program: Command, environment: Environment): void {
  const command = program
    .command('import')
    .description('make a folder of a model of ONNX, PyTorch, safetensors or NumPy, for all other commands')
    .argument('<file>', 'an .onnx, .pth, .safetensors or .npz file')
    .requiredOption('-o, --output <folder>', 'where to write the model: a folder that is new or empty')
    .addOption(overwriteOption())
    .option(
      '--model <description>',
      `what its layers are: a name such as ${memberNames()[0]}, or a file with a description as in config.json (default: what the file says)`,
    )
    .option(
      '--names <how>',
      'how tensors find their layers: by \'name\', in the \'order\' of the file, or by a JSON file { "0.weight": "conv1.weight", … } (default: as the model says, else name)',
    )
    .addOption(keyOption())
    .option('--input <shape>', 'the shape of one example, such as 1,28,28, which `inspect` and `eval` need', shapeOf);
  withExamples(withCommonOptions(command), [
    ['espalier import model.pth -o runs/imported', 'a module that was saved whole'],
    ['espalier import resnet.pth --model resnet-18 -o runs/imported', 'a state dict of torchvision'],
    ['espalier import state.pth --model layers.json --names order -o runs/imported', 'a state dict'],
    ['espalier import model.onnx -o runs/imported', 'a graph of ONNX, its weights as parameters'],
  ]).action(async (file: string, options: ImportOptions) => {
    const session = openSession(environment, options);
    if (!isFile(file)) throw new UsageError(`${file}: there is no such file`);
    await openDevice('cpu');
    if (isOnnx(file)) refuseForOnnx(command, file);
    const made = isOnnx(file) ? await importGraph(file, options) : await importTensors(file, options);
    const { by, note, others, left, parameters } = made;
    const { output } = options;
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
