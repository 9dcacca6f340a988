/** Commands that can go on where they were stopped say how, as a command line to copy. */
import { InterruptedError } from '../errors.ts';
import type { Session } from './session.ts';
import { pluginFlags } from './plugin.ts';
import { shellCommand } from './shell.ts';

/**
 * Does what can be stopped and gone on with: says so when the user asks to stop, and ends with the command to go on.
 * @param resume the arguments of that command, after the program's name
 * @throws {InterruptedError} with that command.
 */
export async function resumable<Result>(
  session: Session,
  resume: readonly string[],
  run: () => Promise<Result>,
): Promise<Result> {
  const command = shellCommand([...resume, ...pluginFlags(session.plugins)]);
  session.interrupt.goOn = command;
  session.interrupt.onAbort(() => session.log('stopping; press Ctrl-C again to stop at once'));
  try {
    return await run();
  } catch (error) {
    if (!session.interrupt.aborted) throw error;
    throw new InterruptedError(command);
  }
}
