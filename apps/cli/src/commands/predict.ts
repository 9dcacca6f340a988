/** `espalier predict`: what a model says of more data of the kind that it was made of. */
import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import {
  defaultSeed,
  numberBetween,
  wholeNumberFrom,
  withComputeOptions,
  withExamples,
  type ComputeOptions,
} from '../cli/options.ts';
import type { FileModelOptions } from '../files/described-model.ts';
import { withModelFolder } from '../files/model-folder.ts';
import { isOwnData, ownData, refuseTold, withOwnDataOptions, type OwnDataOptions } from '../files/own-data.ts';
import { isPrepared } from '../files/prepared.ts';
import { modelArgument, withFileOptions } from './file-options.ts';
import { openSession, type Environment, type Session } from '../cli/session.ts';
import { withWorkers } from '../cli/with-workers.ts';
import { UsageError } from '../errors.ts';
import { overwriteOption } from './model-options.ts';
import { checkPredictionsFile, showPredictions, writePredictions, type Ask } from './predicted-rows.ts';

interface PredictOptions extends ComputeOptions, FileModelOptions, OwnDataOptions {
  readonly data?: string;
  readonly prompt?: string;
  readonly length: number;
  readonly temperature: number;
  readonly output?: string;
  readonly overwrite?: boolean;
}

/** Goes on with a text. */
async function goOn(
  session: Session,
  from: string,
  options: PredictOptions & { readonly prompt: string },
): Promise<void> {
  const { prompt, length, temperature, data, output, seed = defaultSeed, device = 'auto' } = options;
  if (data !== undefined || output !== undefined)
    throw new UsageError(
      '--prompt: what follows is written to stdout, and no --data is asked: leave --data and -o out',
    );
  const text = await withWorkers(session, device, (runner) =>
    runner.run('continueText', { from, prompt, length, temperature, seed }),
  );
  session.result({ prompt, text }, () => text);
}

/** Adds `espalier predict`. */
export function addPredictCommand(program: Command, environment: Environment): void {
  const command = program
    .command('predict')
    .description('say what a model takes each row of a table or each picture for, or how a text goes on')
    .argument('<model>', modelArgument)
    .option('--data <path>', 'a table with the columns that the model learnt from, pictures or one, or texts')
    .option('--prompt <text>', 'go on with this text, by a model of texts')
    .option('--length <n>', 'how many tokens to add to a prompt', wholeNumberFrom(1), 200)
    .option(
      '--temperature <t>',
      '0 takes the likeliest token each time, 1 draws as the model says',
      numberBetween(0, 10, true),
      0.8,
    )
    .option('-o, --output <file>', 'where to write: a new .csv, .jsonl or .parquet (default: CSV on stdout)')
    .addOption(overwriteOption());
  withExamples(withComputeOptions(withOwnDataOptions(withFileOptions(command))), [
    ['espalier predict runs/houses/small --data new.csv', 'CSV on stdout: the prediction of each row'],
    ['espalier predict runs/houses/small --data new.parquet -o said.parquet', 'from Parquet to Parquet'],
    ['espalier predict runs/flowers/small --data garden -o new.jsonl', 'a JSON object a picture, into a file'],
    ['espalier predict model.onnx --data new.csv --classes setosa,versicolor,virginica', 'a model in a file'],
    ["espalier predict runs/book/small --prompt 'Once upon'", 'how a text goes on'],
  ]).action(async (from: string, options: PredictOptions) => {
    const session = openSession(environment, options);
    const { data: file, prompt, output: path, overwrite = false, device = 'auto' } = options;
    await withModelFolder(from, options, async (folder) => {
      if (prompt !== undefined) return goOn(session, folder, { ...options, prompt });
      if (file === undefined)
        throw new UsageError(
          '--data: it is missing: name what is to be predicted, or give --prompt to a model of texts',
        );
      if (!existsSync(file))
        throw new UsageError(
          `${file}: there is no such file or folder: give data of the kind that the model was made of, such as new.csv`,
        );
      const written = path === undefined ? undefined : { path, overwrite, sources: [file, from] };
      if (written) await checkPredictionsFile(written);
      const isOwn = !isPrepared(folder) && isOwnData(file);
      if (!isOwn) refuseTold(from, options);
      const told = isOwn
        ? { preparation: (await ownData(folder, from, file, { ...options, judged: false })).preparation }
        : {};
      const ask: Ask = (output) =>
        withWorkers(
          session,
          device,
          (runner) =>
            runner.run('predict', { from: folder, path: file, ...told, ...(output !== undefined && { output }) }),
          [folder],
        );
      return written ? writePredictions(session, ask, written) : showPredictions(session, ask, options.json === true);
    });
  });
}
