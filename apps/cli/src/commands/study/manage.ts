import { writeFileAtomic } from '@espalier/nn/node';
import { openStudy } from '@espalier/search';
import type { Study } from '@espalier/search';
import { exportOptuna, importOptuna } from '@espalier/storage';
import { Option } from 'commander';
import type { Command } from 'commander';
import { withExamples } from '../../cli/options.ts';
import { openSession } from '../../cli/session.ts';
import type { Environment } from '../../cli/session.ts';
import { FailedError, UsageError } from '../../errors.ts';
import { resumeCommand } from '../../study/conduct.ts';
import { prepareStorage, withStorageOptions } from '../../study/open.ts';
import type { StorageOptions } from '../../study/open.ts';

/** A cell of a CSV file (RFC 4180). */
function cell(value: string | number | boolean | null | undefined): string {
  const text = value === undefined || value === null ? '' : String(value);
  return /[",\r\n]/u.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The trials as a table: a column for each metric and each parameter. */
function csv(study: Study): string {
  const flat = study.trials.map((trial) => ({ trial, active: study.space.flatten(trial.config) }));
  const metrics = [...new Set(study.trials.flatMap((trial) => Object.keys(trial.metrics)))];
  const paths = [...new Set(flat.flatMap(({ active }) => [...active.keys()]))];
  const head = ['number', 'state', ...metrics, 'seconds', 'operator', ...paths];
  const rows = flat.map(({ trial, active }) => [
    trial.number,
    trial.state,
    ...metrics.map((name) => trial.metrics[name]),
    trial.spent / 1000,
    trial.origin.operator,
    ...paths.map((path) => active.get(path)?.value),
  ]);
  return [head, ...rows].map((row) => `${row.map(cell).join(',')}\r\n`).join('');
}

/** Writes a study to a file, by the name of the format, which is also the file's ending. */
const formats: Readonly<Record<string, (study: Study, file: string) => Promise<void>>> = {
  csv: (study, file) => writeFileAtomic(file, csv(study)),
  json: (study, file) => {
    const { name, space, trials } = study;
    return writeFileAtomic(file, `${JSON.stringify({ name, space, trials }, null, 2)}\n`);
  },
  // The database of Optuna, whose dashboards open it.
  db: exportOptuna,
};

/** Adds the commands that export a study, and queue failed trials again. */
export function addManageCommands(group: Command, environment: Environment): void {
  const save = group
    .command('export')
    .description('write the trials of a study to a file')
    .argument('[name]', 'may be left out when there is one only')
    .requiredOption('-o, --output <file>', 'where to write')
    .addOption(new Option('--format <format>', "(default: the file's ending)").choices(Object.keys(formats)));
  withExamples(withStorageOptions(save), [
    ['espalier study export digits -o trials.csv', 'for a spreadsheet'],
    ['espalier study export digits -o optuna.db', "for Optuna's dashboards: optuna-dashboard sqlite:///optuna.db"],
  ]).action(
    async (
      name: string | undefined,
      options: StorageOptions & { readonly output: string; readonly format?: string },
    ) => {
      const session = openSession(environment, options);
      const { output, storage } = options;
      const format = options.format ?? output.slice(output.lastIndexOf('.') + 1);
      const write = formats[format];
      if (write === undefined)
        throw new UsageError(`${output} has no known ending: give --format ${Object.keys(formats).join(' or ')}`);
      await using study = await openStudy({ storage, ...(name === undefined ? {} : { name }) });
      await write(study, output);
      session.result(
        { file: output, trials: study.trials.length },
        () => `${study.trials.length} trials written to ${output}`,
      );
    },
  );

  const load = group
    .command('import')
    .description('create a study from one that Optuna keeps in an SQLite file')
    .argument('<file>')
    .option('--from <study>', 'its name there (may be left out when there is one only)')
    .option('--name <study>', 'its name here (default: the same)');
  withExamples(withStorageOptions(load), [['espalier study import optuna.db', 'with all its trials']]).action(
    async (file: string, options: StorageOptions & { readonly from?: string; readonly name?: string }) => {
      const session = openSession(environment, options);
      const { from, name, storage } = options;
      await prepareStorage(storage);
      const names = { ...(from === undefined ? {} : { from }), ...(name === undefined ? {} : { name }) };
      await using study = await importOptuna(file, { storage, ...names });
      const { length } = study.trials;
      session.result(
        { study: study.name, trials: length },
        () => `${length} trials of ${study.name} imported into ${storage}`,
      );
    },
  );

  const retry = group
    .command('retry')
    .description('queue failed trials again, as new trials of the same configs')
    .argument('<name>')
    .argument('[numbers...]', 'which (default: all that failed)');
  withExamples(withStorageOptions(retry), [['espalier study retry digits 4 17', 'two of them']]).action(
    async (name: string, numbers: readonly string[], options: StorageOptions) => {
      const session = openSession(environment, options);
      const { storage } = options;
      await using study = await openStudy({ storage, name });
      const wanted = numbers.map(Number);
      const failed = study.trials.filter(({ state }) => state === 'failed');
      const strange = numbers.find((text) => !failed.some(({ number }) => number === Number(text)));
      if (strange !== undefined)
        throw new UsageError(
          `trial ${strange} of '${name}' has not failed: see espalier study trials ${name} --state failed`,
        );
      const chosen = failed.filter(({ number }) => wanted.length === 0 || wanted.includes(number));
      if (chosen.length === 0) throw new FailedError(`no trial of '${name}' has failed`);
      const queued = await study.enqueue(...chosen.map(({ config }) => config));
      session.result(
        { queued },
        () => `queued as trials ${queued.join(', ')}\nto go on: ${resumeCommand(name, storage)}`,
      );
    },
  );
}
