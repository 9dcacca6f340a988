import type { Command } from 'commander';
import { wholeNumberFrom, withExamples } from '../../cli/options.ts';
import { openSession } from '../../cli/session.ts';
import type { Environment } from '../../cli/session.ts';
import { conduct, reportRun, resumeCommand, workOn } from '../../study/conduct.ts';
import type { ConductOptions } from '../../study/conduct.ts';
import { createTaskStudy, openTaskStudy, withCreateOptions, withStorageOptions } from '../../study/open.ts';
import type { CreateOptions, StorageOptions } from '../../study/open.ts';
import { withStopOptions } from '../../study/stops.ts';
import type { StopOptions } from '../../study/stops.ts';
import { taskOf } from '../../study/task.ts';

const source =
  'a recipe in YAML, or a module whose default export is { space, objectives, objective } (default: the built-in recipe)';

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
    .argument('<name>')
    .argument('[source]', source);
  withExamples(withCreateOptions(create), [
    ['espalier study create digits --trials 100', 'the built-in recipe, in runs/studies.db'],
    ['espalier study create lr study.mjs --storage postgres://db/studies', 'a module of yours, for many machines'],
  ]).action(async (name: string, file: string | undefined, options: CreateOptions) => {
    const session = openSession(environment, options);
    const study = await createTaskStudy(name, await taskOf(file), options);
    await study.close();
    const { storage } = options;
    const worker = `espalier worker --storage ${storage} --study ${name}`;
    session.result({ study: name, storage }, () => `created ${name} in ${storage}\nto work on it: ${worker}`);
  });

  const run = group
    .command('run')
    .description('create a study and run it')
    .argument('<name>')
    .argument('[source]', source);
  withExamples(withProcesses(withCreateOptions(run)), [
    ['espalier study run digits --trials 60 --workers 2', 'the built-in recipe'],
    [
      'espalier study run lr study.mjs --strategy tpe --target "loss <= 0.1" --processes 4',
      'a module of yours, in four processes',
    ],
  ]).action(async (name: string, file: string | undefined, options: CreateOptions & ConductOptions) => {
    const session = openSession(environment, options);
    const task = await taskOf(file);
    await using study = await createTaskStudy(name, task, options);
    reportRun(session, await conduct(session, study, task, options));
  });

  const resume = group
    .command('resume')
    .description('go on with a study')
    .argument('[name]', 'may be left out when there is one only');
  withExamples(withProcesses(withStopOptions(withStorageOptions(resume))), [
    ['espalier study resume digits --trials 200', 'with more trials than before'],
  ]).action(async (name: string | undefined, options: StorageOptions & ConductOptions) => {
    const session = openSession(environment, options);
    const { study, task } = await openTaskStudy(name, options.storage);
    await using _ = study;
    reportRun(session, await conduct(session, study, task, options));
  });
}

/** Adds `espalier worker`. */
export function addWorkerCommand(program: Command, environment: Environment): void {
  const command = program.command('worker').description('take trials of a study from its storage, on any machine');
  withWorkers(
    withStopOptions(withStorageOptions(command)).option('--study <name>', 'which study (default: the only one)'),
  );
  withExamples(command, [
    ['espalier worker --storage postgres://db/studies --study digits', 'until the study ends'],
  ]).action(async (options: StorageOptions & StopOptions & ConductOptions & { readonly study?: string }) => {
    const session = openSession(environment, options);
    const { study, task } = await openTaskStudy(options.study, options.storage);
    await using _ = study;
    // A worker that was started by another process ends with it.
    process.once('disconnect', () => process.kill(process.pid, 'SIGINT'));
    process.channel?.unref();
    session.log(`worker on ${study.name}, ${options.storage}`);
    const stopped = await workOn(session, study, task, options);
    session.interrupt.check(resumeCommand(study.name, options.storage));
    session.result({ study: study.name, stopped }, () => `stopped by ${stopped}`);
  });
}
