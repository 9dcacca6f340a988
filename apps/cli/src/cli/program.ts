/** Every command in one program. */
import { registerOnnx, registerTensors } from '@espalier/models';
import { Command } from 'commander';
import { addChatCommand } from '../commands/chat.ts';
import { addCompressCommand } from '../commands/compress.ts';
import { addConvertCommand } from '../commands/convert.ts';
import { addDataCommand } from '../commands/data.ts';
import { addDevicesCommand } from '../commands/devices.ts';
import { addDiffCommand } from '../commands/diff.ts';
import { addDistillCommand } from '../commands/distill.ts';
import { addEmbedCommand } from '../commands/embed.ts';
import { addEvalCommand } from '../commands/eval.ts';
import { addExportCommand } from '../commands/export.ts';
import { addGenerateCommand } from '../commands/generate.ts';
import { addImportCommand } from '../commands/import.ts';
import { addInspectCommand } from '../commands/inspect.ts';
import { addOptimizeCommand } from '../commands/optimize.ts';
import { addPredictCommand } from '../commands/predict.ts';
import { addPruneCommand } from '../commands/prune.ts';
import { addQuantizeCommand } from '../commands/quantize.ts';
import { addRunCommand } from '../commands/run.ts';
import { addSearchCommand } from '../commands/search.ts';
import { addStudyCommand } from '../commands/study/study.ts';
import { addWorkerCommand } from '../commands/study/run.ts';
import { addTrainCommand } from '../commands/train.ts';
import type { Environment } from './session.ts';
import { version } from './version.ts';

const commands = [
  addRunCommand,
  addSearchCommand,
  addTrainCommand,
  addOptimizeCommand,
  addPruneCommand,
  addQuantizeCommand,
  addDistillCommand,
  addEvalCommand,
  addPredictCommand,
  addInspectCommand,
  addImportCommand,
  addExportCommand,
  addGenerateCommand,
  addChatCommand,
  addEmbedCommand,
  addDiffCommand,
  addCompressCommand,
  addConvertCommand,
  addDataCommand,
  addStudyCommand,
  addWorkerCommand,
  addDevicesCommand,
];

/** The command line: every command with its options. Parsing throws where commander would exit. */
export function createProgram(environment: Environment): Command {
  const program = new Command('espalier')
    .description('Search for a model, train it, and prune, quantize and distil it until it fits.')
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [command]', 'show the help of a command')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void environment.stdout.write(text),
      writeErr: (text) => void environment.stderr.write(text),
      // What is wrong is printed once, by whoever catches the error.
      outputError: () => undefined,
    });
  // Folders that were made of files of others: of graphs, and of tensors whose layers nobody knows.
  registerOnnx();
  registerTensors();
  for (const add of commands) add(program, environment);
  return program;
}
