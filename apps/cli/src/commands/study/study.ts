import type { Command } from 'commander';
import type { Environment } from '../../cli/session.ts';
import { addInspectCommands } from './inspect.ts';
import { addManageCommands } from './manage.ts';
import { addRunCommands } from './run.ts';

/** Adds `espalier study` with its commands. */
export function addStudyCommand(program: Command, environment: Environment): void {
  const group = program.command('study').description('studies that last, on one machine or many');
  addRunCommands(group, environment);
  addInspectCommands(group, environment);
  addManageCommands(group, environment);
}
