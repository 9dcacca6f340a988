/** `espalier predict`: what a model says of more data of the kind that it was made of. */
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import type { PredictedColumn } from '@espalier/pipeline';
import type { Command } from 'commander';
import {
  numberBetween,
  wholeNumberFrom,
  withComputeOptions,
  withExamples,
  type ComputeOptions,
} from '../cli/options.ts';
import { openSession, type Environment, type Session } from '../cli/session.ts';
import { withWorkers } from '../cli/with-workers.ts';
import { UsageError } from '../errors.ts';
import { checkOutputFile, writeOutputFile } from '../output/output-file.ts';
import { checkModelFolder, defaultSeed, overwriteOption } from './model-options.ts';

interface PredictOptions extends ComputeOptions {
  readonly data?: string;
  readonly prompt?: string;
  readonly length: number;
  readonly temperature: number;
  readonly output?: string;
  readonly overwrite?: boolean;
}

type Columns = readonly PredictedColumn[];

const rowsOf = (columns: Columns): readonly number[] => (columns[0]?.values ?? []).map((_, row) => row);

/** A field of CSV (RFC 4180). */
function field(value: string | number | undefined): string {
  const text = String(value);
  return /[",\r\n]/u.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function csv(columns: Columns): string {
  const line = (cells: readonly (string | number | undefined)[]): string => `${cells.map(field).join(',')}\n`;
  const lines = rowsOf(columns).map((row) => line(columns.map(({ values }) => values[row])));
  return [line(columns.map(({ name }) => name)), ...lines].join('');
}

function jsonLines(columns: Columns): string {
  return rowsOf(columns)
    .map((row) => `${JSON.stringify(Object.fromEntries(columns.map(({ name, values }) => [name, values[row]])))}\n`)
    .join('');
}

/** How predictions are written, by the ending of a file's name. */
const writers: Readonly<Record<string, (columns: Columns) => string>> = { csv, jsonl: jsonLines, ndjson: jsonLines };

/** @throws {UsageError} for an ending that nothing is written as. */
function writerOf(path: string): (columns: Columns) => string {
  const ending = /\.([^./\\]+)$/u.exec(path)?.[1]?.toLowerCase() ?? '';
  const writer = Object.hasOwn(writers, ending) ? writers[ending] : undefined;
  if (writer) return writer;
  throw new UsageError(`${path}: predictions are written as CSV or JSON lines: let the name end in .csv or .jsonl`);
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
    .argument('<model>', 'the folder of a model that espalier run --data made')
    .option('--data <path>', 'a table with the columns that the model learnt from, pictures or one, or texts')
    .option('--prompt <text>', 'go on with this text, by a model of texts')
    .option('--length <n>', 'how many tokens to add to a prompt', wholeNumberFrom(1), 200)
    .option(
      '--temperature <t>',
      '0 takes the likeliest token each time, 1 draws as the model says',
      numberBetween(0, 10, true),
      0.8,
    )
    .option('-o, --output <file>', 'where to write: a new .csv or .jsonl (default: CSV on stdout)')
    .addOption(overwriteOption());
  withExamples(withComputeOptions(command), [
    ['espalier predict runs/houses/small --data new.csv', 'CSV on stdout: the prediction of each row'],
    ['espalier predict runs/flowers/small --data garden -o new.jsonl', 'a JSON object a picture, into a file'],
    ["espalier predict runs/book/small --prompt 'Once upon'", 'how a text goes on'],
  ]).action(async (from: string, options: PredictOptions) => {
    const session = openSession(environment, options);
    const { data: file, prompt, output: path, overwrite = false, device = 'auto' } = options;
    checkModelFolder(from);
    if (prompt !== undefined) return goOn(session, from, { ...options, prompt });
    if (file === undefined)
      throw new UsageError('--data: it is missing: name what is to be predicted, or give --prompt to a model of texts');
    if (!existsSync(file))
      throw new UsageError(
        `${file}: there is no such file or folder: give data of the kind that the model was made of, such as new.csv`,
      );
    const write = path === undefined ? csv : writerOf(path);
    const request = path === undefined ? undefined : { path, overwrite, sources: [file, from] };
    if (request) await checkOutputFile(request);
    const columns = await withWorkers(session, device, (runner) => runner.run('predict', { from, path: file }));
    const rows = rowsOf(columns).length;
    if (request) await writeOutputFile(request, (place) => writeFile(place, write(columns)));
    session.result(request ? { file: path, rows } : { rows, columns }, () =>
      request ? `${rows} predictions written to ${path}` : write(columns).trimEnd(),
    );
  });
}
