import { interruptOnSignals } from './cli/interrupt.ts';
import { complain, runProgram } from './cli/run-program.ts';
import { FailedError, exitCodes } from './errors.ts';

// A reader that has had enough, such as `head`, is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(exitCodes.ok);
});
// Nobody reads what is said on the way; the work goes on.
process.stderr.on('error', () => undefined);

const interrupt = interruptOnSignals((error) => {
  // A terminal has just shown the ^C.
  if (process.stderr.isTTY) process.stderr.write('\n');
  complain(error, process.stderr);
});
// Such as a promise that an objective left behind: its trial cannot be told from the others, so all are given back.
process.on('uncaughtException', (error) => {
  const goOn = interrupt.goOn === undefined ? '' : `; to go on: ${interrupt.goOn}`;
  const what = `an error that nothing caught: ${String(error)} (set ESPALIER_DEBUG=1 to see where)${goOn}`;
  complain(new FailedError(what, { cause: error }), process.stderr);
  interrupt.endProcess(exitCodes.failed);
});
/** The exit code of Node for a program whose end waits for a promise that nothing will settle. */
const unsettled = 13;
process.on('exit', () => {
  if (process.exitCode !== unsettled) return;
  const goOn = interrupt.goOn === undefined ? '' : `; to go on: ${interrupt.goOn}`;
  const what = `it waits for a promise that nothing settles: look for one in the study's module${goOn}`;
  process.exitCode = complain(new FailedError(what), process.stderr);
});
process.exitCode = await runProgram(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  interrupt,
});
