/** `espalier eval`: how good a saved model is, and what it costs. */
import { checkSource, isWholeSource } from '@espalier/pipeline';
import { Option, type Command } from 'commander';
import { withComputeOptions, withExamples } from '../cli/options.ts';
import { openSession, type Environment } from '../cli/session.ts';
import { withWorkers } from '../cli/with-workers.ts';
import { UsageError } from '../errors.ts';
import { dataOf } from '../files/arrays-source.ts';
import type { FileModelOptions } from '../files/described-model.ts';
import { checkModelFolder } from '../files/model-file.ts';
import { withModelFolder } from '../files/model-folder.ts';
import { ownData, refuseTold, isOwnData, withOwnDataOptions, type OwnDataOptions } from '../files/own-data.ts';
import { isPrepared, requireOwnKind } from '../files/prepared.ts';
import { withTextOptions, type TextOptions } from '../language/evaluate.ts';
import { assess } from './assess.ts';
import { evaluateOnText } from './eval-text.ts';
import { describeMeasurement, measureModel } from './measured.ts';
import { modelArgument, withFileOptions } from './file-options.ts';

interface EvalOptions extends TextOptions, FileModelOptions, OwnDataOptions {
  readonly data: string;
  readonly tokens?: string;
  readonly overwrite?: boolean;
}

/** Options that are said of a text, and such as are said of all other data. */
const ofText = ['protocol', 'chunk', 'chunks', 'weights', 'tokens', 'overwrite'];
const ofData = ['data', 'target', 'column', 'classes', 'mean', 'std', 'fit', 'key', 'model', 'names', 'input', 'fixed'];

/** @throws {UsageError} for options that are given and mean nothing. */
function refuseGiven(command: Command, names: readonly string[], problem: string): void {
  const given = names.filter((name) => command.getOptionValueSource(name) === 'cli');
  if (given.length > 0) throw new UsageError(`${given.map((name) => `--${name}`).join(', ')}: ${problem}`);
}

/** Adds `espalier eval`. */
export function addEvalCommand(program: Command, environment: Environment): void {
  const command = program
    .command('eval')
    .description(
      'evaluate a saved model on the test images, or on data of the kind that it was made of; a language model on a text',
    )
    .argument('<models...>', `${modelArgument}; several where they were made of data of one kind`)
    .option(
      '--data <source>',
      "'mnist', a folder with the four IDX files, an .npz file with x and y, or more of what the model was made of",
      'mnist',
    )
    .option(
      '--text <file>',
      'of language models, GGUF files and folders of Hugging Face: a text in UTF-8; its perplexity is told',
    )
    .option('--tokens <file>', 'of one language model: write how likely each token was, a JSON object a line')
    .addOption(new Option('--overwrite', 'replace the file of --tokens, whoever wrote it'));
  withExamples(withComputeOptions(withTextOptions(withOwnDataOptions(withFileOptions(command)))), [
    ['espalier eval runs/quickstart/int8', 'accuracy, size and latency of a model'],
    ['espalier eval runs/quickstart/int8 --device webgpu --json', 'on another device, for a script'],
    ['espalier eval model.onnx --data digits.npz', 'a model in a file'],
    ['espalier eval model.onnx --data iris.csv --target species', 'by a table of numbers'],
    ['espalier eval net.pth --input 3,64,64 --data flowers --mean 0.5 --std 0.25', 'by pictures by class'],
    ['espalier eval runs/houses/model runs/houses/small --data new.csv', 'models of a table, with intervals'],
    ['espalier eval runs/flowers/small --data garden', 'on other pictures by class'],
    ['espalier eval model.gguf --text book.txt --json', 'the perplexity of a language model'],
  ]).action(async (models: readonly string[], options: EvalOptions) => {
    const session = openSession(environment, options);
    const { text } = options;
    if (text !== undefined) {
      refuseGiven(command, ofData, 'it is said of other data than a text: leave it out beside --text');
      return evaluateOnText(session, models, { ...options, text });
    }
    refuseGiven(command, ofText, 'it is said of a text: name one by --text');
    const source = dataOf(options.data);
    const isMore = typeof source === 'string' && !isWholeSource(source);
    const [from = ''] = models;
    if (models.length > 1) {
      for (const each of models) checkModelFolder(each);
      const other = isMore ? models.find((each) => !isPrepared(each)) : from;
      if (other === undefined) return assess(session, models, options);
      throw new UsageError(
        `${other}: several models are judged by data of the kind that all were made of: name it by --data, or give one model`,
      );
    }
    await withModelFolder(from, options, async (folder) => {
      requireOwnKind(folder, from, options.data);
      if (isMore && isPrepared(folder)) {
        refuseTold(from, options);
        return assess(session, [folder], options);
      }
      if (isOwnData(options.data)) {
        const { preparation } = await ownData(folder, from, options.data, options);
        return assess(session, [folder], { ...options, called: [from], preparation });
      }
      refuseTold(options.data, options);
      checkSource(source);
      const measured = await withWorkers(
        session,
        options.device ?? 'auto',
        (runner) => measureModel(session, runner, folder, source),
        [folder],
        source,
      );
      session.result({ folder: from, ...measured }, () => describeMeasurement(measured));
    });
  });
}
