import { writeFileAtomic } from '@espalier/nn/node';
import type { Study, TrialRecord } from '@espalier/search';
import { exportOptuna, importOptuna } from '@espalier/storage';
import { Option } from 'commander';
import type { Command } from 'commander';
import { withExamples } from '../../cli/options.ts';
import { openSession } from '../../cli/session.ts';
import type { Environment } from '../../cli/session.ts';
import { FailedError, UsageError } from '../../errors.ts';
import { resumeCommand } from '../../study/resume-command.ts';
import {
  checkFile,
  lookAtStudy,
  openNamedStudy,
  prepareStorage,
  refuseMemory,
  withStorageOptions,
} from '../../study/storage.ts';
import type { StorageOptions } from '../../study/storage.ts';
import { only } from './inspect.ts';

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
  const head = ['number', 'state', ...metrics, 'seconds', 'finished', 'operator', 'failure', ...paths];
  const rows = flat.map(({ trial, active }) => [
    trial.number,
    trial.state,
    ...metrics.map((name) => trial.metrics[name]),
    trial.spent / 1000,
    trial.finishedAt === undefined ? undefined : new Date(trial.finishedAt).toISOString(),
    trial.origin.operator,
    trial.failure?.message,
    ...paths.map((path) => active.get(path)?.value),
  ]);
  return [head, ...rows].map((row) => `${row.map(cell).join(',')}\r\n`).join('');
}

/** A config as a text that is the same for the same config. */
function configKey({ config }: TrialRecord): string {
  return JSON.stringify(config);
}

/** Writes a study to a file, by the name of the format, which is also the file's ending. */
const formats: Readonly<Record<string, (study: Study, file: string) => Promise<void>>> = {
  csv: (study, file) => writeFileAtomic(file, csv(study)),
  json: (study, file) => {
    const { name, seed, space, trials } = study;
    const { objectives, constraints } = study.criteria;
    const whole = { name, seed, strategy: study.strategy.name, objectives, constraints, space, trials };
    return writeFileAtomic(file, `${JSON.stringify(whole, null, 2)}\n`);
  },
  // The database of Optuna, whose dashboards open it.
  db: exportOptuna,
};

/** Adds the commands that export a study, and queue failed trials again. */
export function addManageCommands(group: Command, environment: Environment): void {
  const save = group
    .command('export')
    .description('write the trials of a study to a file')
    .argument('[name]', only)
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
      await using study = await lookAtStudy(name, storage);
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
    .argument('<file>', 'a database of Optuna')
    .option('--from <study>', 'its name there (may be left out when there is one only)')
    .option('--name <study>', 'its name here (default: the same)');
  withExamples(withStorageOptions(load), [['espalier study import optuna.db', 'with all its trials']]).action(
    async (file: string, options: StorageOptions & { readonly from?: string; readonly name?: string }) => {
      const session = openSession(environment, options);
      const { from, name, storage } = options;
      await checkFile(file);
      refuseMemory(storage);
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
    .argument('<name>', 'of the study')
    .argument('[numbers...]', 'which (default: all that failed)');
  withExamples(withStorageOptions(retry), [
    ['espalier study retry digits', 'all that failed'],
    ['espalier study retry digits 4 17', 'two of them'],
  ]).action(async (name: string, numbers: readonly string[], options: StorageOptions) => {
    const session = openSession(environment, options);
    const { storage } = options;
    await using study = await openNamedStudy(name, storage);
    const failed = study.trials.filter(({ state }) => state === 'failed');
    const strange = numbers.find((text) => !failed.some(({ number }) => String(number) === text));
    if (strange !== undefined)
      throw new UsageError(
        `trial ${strange} of '${name}' has not failed: see espalier study trials ${name} --state failed`,
      );
    if (failed.length === 0) throw new FailedError(`no trial of '${name}' has failed`);
    const chosen = failed.filter(({ number }) => numbers.length === 0 || numbers.includes(String(number)));
    // A trial that failed stays failed; what was queued again, by whatever number, is not queued once more.
    const again = new Set(study.trials.filter(({ state }) => state !== 'failed').map(configKey));
    const configs = new Map(chosen.map((trial) => [configKey(trial), trial.config]));
    const due = [...configs].flatMap(([key, config]) => (again.has(key) ? [] : [config]));
    if (due.length === 0)
      throw new FailedError(
        `of '${name}', these were queued already or have worked since: see espalier study trials ${name}`,
      );
    const queued = await study.enqueue(...due);
    await study.sync();
    // As many trials as there are now, or a limit that was reached would end the study before it tried them.
    const resume = resumeCommand(name, { storage, trials: study.trials.length });
    session.result({ queued, resume }, () => `queued as trials ${queued.join(', ')}\nto go on: ${resume}`);
  });
}
