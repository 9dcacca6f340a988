/** `espalier study create`, `run`, `resume` and `espalier worker`: a study on one machine or many. */
import type { Command } from 'commander';
import { shownUrl } from '@espalier/search';
import { wholeNumberFrom, withExamples } from '../../cli/options.ts';
import { openSession, type Environment } from '../../cli/session.ts';
import { conduct, reportRun, type ConductOptions } from '../../study/conduct.ts';
import { createTaskStudy, openTaskStudy, withCreateOptions, type CreateOptions } from '../../study/open.ts';
import { withStopOptions } from '../../study/stops.ts';
import { refuseMemory, refuseUnshared, withStorageOptions, type StorageOptions } from '../../study/storage.ts';
import { workerCommand } from '../../study/resume-command.ts';
import { taskOf } from '../../study/task.ts';
import { trustOption } from '../../study/trust.ts';
import { visibleLine } from '../../terminal/visible.ts';

const named = 'unique in its storage';
const described =
  'a recipe in YAML, or a module whose default export is { space, objectives, objective } (default: the built-in recipe)';
const moved = 'the recipe or module (default: what the study was created with, a module only by --trust)';

function withWorkers(command: Command): Command {
  return command.option('--workers <n>', 'how many trials at once in a process (default: 1)', wholeNumberFrom(1));
}

function withProcesses(command: Command): Command {
  return withWorkers(command).option('--processes <n>', 'how many worker processes', wholeNumberFrom(1));
}

/** Adds `espalier study create`, `run` and `resume`. */
export function addRunCommands(group: Command, environment: Environment): void {
  const create = group
    .command('create')
    .description('create a study for workers to run')
    .argument('<name>', named)
    .argument('[source]', described);
  withExamples(withCreateOptions(create), [
    ['espalier study create digits --trials 100', 'the built-in recipe, in runs/studies.db'],
    ['espalier study create lr study.mjs --storage postgres://db/studies', 'a module of yours, for many machines'],
  ]).action(async (name: string, file: string | undefined, options: CreateOptions) => {
    const session = openSession(environment, options);
    const { storage } = options;
    refuseMemory(storage);
    const study = await createTaskStudy(session, name, await taskOf(file), file, options);
    await study.close();
    const worker = workerCommand(name, { storage, source: file, plugins: session.plugins });
    const shown = shownUrl(storage);
    session.result(
      { study: name, storage: shown },
      () => `created ${visibleLine(name)} in ${shown}\nto work on it: ${worker}`,
    );
  });

  const run = group
    .command('run')
    .description('create a study and run it')
    .argument('<name>', named)
    .argument('[source]', described);
  withExamples(withProcesses(withCreateOptions(run)), [
    ['espalier study run digits --trials 60 --workers 2', 'the built-in recipe'],
    [
      'espalier study run lr study.mjs --strategy tpe --target "loss <= 0.1" --processes 4',
      'a module of yours, in four processes',
    ],
  ]).action(async (name: string, file: string | undefined, options: CreateOptions & ConductOptions) => {
    const session = openSession(environment, options);
    if (options.processes !== undefined) await refuseUnshared(options.storage);
    const task = await taskOf(file);
    await using study = await createTaskStudy(session, name, task, file, options);
    reportRun(session, study, options.storage, await conduct(session, study, task, { ...options, source: file }));
  });

  const resume = group
    .command('resume')
    .description('go on with a study')
    .argument('[name]', 'may be left out when there is one only')
    .argument('[source]', moved);
  withExamples(withProcesses(withStopOptions(withStorageOptions(resume.addOption(trustOption())))), [
    ['espalier study resume digits --trials 200', 'with more trials than before'],
    ['espalier study resume lr study.mjs', 'a study of a module, which is named again'],
    ['espalier study resume lr --trust', 'with the module that the storage names, whoever put it there'],
  ]).action(async (name: string | undefined, source: string | undefined, options: StorageOptions & ConductOptions) => {
    const session = openSession(environment, options);
    if (options.processes !== undefined) await refuseUnshared(options.storage);
    const { study, task } = await openTaskStudy(name, { ...options, source });
    await using _ = study;
    reportRun(session, study, options.storage, await conduct(session, study, task, { ...options, source }));
  });
}

/** Adds `espalier worker`. */
export function addWorkerCommand(program: Command, environment: Environment): void {
  const command = program.command('worker').description('take trials of a study from its storage, on any machine');
  withWorkers(
    withStopOptions(withStorageOptions(command))
      .option('--study <name>', 'which study (default: the only one)')
      .option('--source <file>', moved)
      .addOption(trustOption()),
  );
  withExamples(command, [
    ['espalier worker --storage postgres://db/studies --study digits', 'until the study ends'],
    ['espalier worker --storage postgres://db/studies --study lr --source study.mjs', 'of a module'],
    [
      'espalier worker --study lr --trust=sha256:…',
      'the module that the storage names, if it is the one you have read',
    ],
  ]).action(async (options: StorageOptions & ConductOptions & { readonly study?: string }) => {
    const session = openSession(environment, options);
    const { study, task } = await openTaskStudy(options.study, options);
    await using _ = study;
    // A worker that was started by another process ends with it.
    process.once('disconnect', () => process.kill(process.pid, 'SIGINT'));
    process.channel?.unref();
    const { stopped } = await conduct(session, study, task, { ...options, joins: true });
    session.result({ study: study.name, stopped }, () => `stopped by ${stopped}`);
  });
}
