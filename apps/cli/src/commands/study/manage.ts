/** `espalier study export`, `import` and `retry`: what is done to a study as a whole. */
import { writeFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { StorageError, shownUrl, type Study, type TrialRecord } from '@espalier/search';
import { exportOptuna, importOptuna } from '@espalier/storage';
import { Option, type Command } from 'commander';
import { withExamples } from '../../cli/options.ts';
import { openSession, type Environment } from '../../cli/session.ts';
import { FailedError, UsageError } from '../../errors.ts';
import { checkOutputFile, writeOutputFile } from '../../output/output-file.ts';
import { csv } from '../../study/csv.ts';
import { resumeCommand } from '../../study/resume-command.ts';
import {
  checkFile,
  filesOf,
  lookAtStudy,
  openNamedStudy,
  prepareStorage,
  refuseMemory,
  withStorageOptions,
  type StorageOptions,
} from '../../study/storage.ts';
import { visibleLine } from '../../terminal/visible.ts';
import { overwriteOption } from '../model-options.ts';
import { only } from './inspect.ts';

/** A config as a text that is the same for the same config. */
function configKey({ config }: TrialRecord): string {
  return JSON.stringify(config);
}

/** How a study is written to a file. */
interface ExportOptions {
  readonly raw?: boolean;
}

/** Writes a study to a file that is not there. */
type Format = (study: Study, file: string, options: ExportOptions) => Promise<void>;

/** The formats by their names, which are also the files' endings. */
const formats: ReadonlyMap<string, Format> = new Map<string, Format>([
  ['csv', (study, file, { raw = false }) => writeFile(file, csv(study, raw))],
  [
    'json',
    (study, file) => {
      const { name, seed, space, trials } = study;
      const { objectives, constraints } = study.criteria;
      const whole = { name, seed, strategy: study.strategy.name, objectives, constraints, space, trials };
      return writeFile(file, `${JSON.stringify(whole, null, 2)}\n`);
    },
  ],
  // The database of Optuna, whose dashboards open it.
  ['db', exportOptuna],
]);

/** Adds the commands that export a study, and queue failed trials again. */
export function addManageCommands(group: Command, environment: Environment): void {
  const save = group
    .command('export')
    .description('write the trials of a study to a file')
    .argument('[name]', only)
    .requiredOption('-o, --output <file>', 'where to write: a new file')
    .addOption(overwriteOption())
    .addOption(new Option('--format <format>', "(default: the file's ending)").choices([...formats.keys()]))
    .option('--raw', 'leave texts in CSV as they are, formulas and terminal codes too');
  withExamples(withStorageOptions(save), [
    ['espalier study export digits -o trials.csv', 'for a spreadsheet'],
    ['espalier study export digits -o optuna.db', "for Optuna's dashboards: optuna-dashboard sqlite:///optuna.db"],
  ]).action(
    async (
      name: string | undefined,
      options: StorageOptions &
        ExportOptions & { readonly output: string; readonly overwrite?: boolean; readonly format?: string },
    ) => {
      const session = openSession(environment, options);
      const { output, storage, overwrite = false } = options;
      const format = options.format ?? extname(output).slice(1);
      const write = formats.get(format);
      if (write === undefined)
        throw new UsageError(`${output} has no known ending: give --format ${[...formats.keys()].join(' or ')}`);
      const request = { path: output, overwrite, sources: filesOf(storage) };
      await checkOutputFile(request);
      await using study = await lookAtStudy(name, storage);
      await writeOutputFile(request, (file) => write(study, file, options));
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
      await using study = await importOptuna(file, { storage, ...names }).catch((error: unknown) => {
        // What is wrong with the storage to write is no mistake of the command line; this is.
        const isSource = error instanceof StorageError && error.url === `sqlite:${file}`;
        throw isSource ? new UsageError(error.message) : error;
      });
      const { length } = study.trials;
      session.result(
        { study: study.name, trials: length },
        () => `${length} trials of ${visibleLine(study.name)} imported into ${shownUrl(storage)}`,
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
    const resume = resumeCommand(name, { storage, trials: study.trials.length, plugins: session.plugins });
    session.result({ queued, resume }, () => `queued as trials ${queued.join(', ')}\nto go on: ${resume}`);
  });
}
