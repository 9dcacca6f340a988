/** `espalier study`: its commands in one group. */
import type { Command } from 'commander';
import { withExamples } from '../../cli/options.ts';
import type { Environment } from '../../cli/session.ts';
import { addInspectCommands } from './inspect.ts';
import { addManageCommands } from './manage.ts';
import { addRunCommands } from './run.ts';
import { addWeighCommands } from './weigh.ts';

/** Adds `espalier study` with its commands. */
export function addStudyCommand(program: Command, environment: Environment): void {
  const group = program.command('study').description('studies that last, on one machine or many');
  addRunCommands(group, environment);
  addInspectCommands(group, environment);
  addWeighCommands(group, environment);
  addManageCommands(group, environment);
  withExamples(group, [
    ['espalier study run digits --trials 60', 'create one and run it; Ctrl-C prints how to go on'],
    ['espalier study status digits', 'how it stands'],
    ['espalier study best digits', 'what it found'],
  ]);
}
