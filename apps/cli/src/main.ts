/** The entry of the process: its streams, its signals, and how it ends whatever happens. */
import { interruptOnSignals } from './cli/interrupt.ts';
import { asksForJson, complain, runProgram } from './cli/run-program.ts';
import { FailedError, exitCodes, reportOf } from './errors.ts';

/** Whether the end of the process is one that this program meant. */
let isMeant = false;

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  isMeant = true;
  // A reader that has had enough, such as `head`, is no error.
  if (error.code === 'EPIPE') process.exit(exitCodes.ok);
  // What went wrong is said where that can be: on stderr, and once.
  const what = `the result cannot be written to stdout: ${reportOf(error).message}`;
  process.exit(complain(new FailedError(what, { cause: error }), process.stderr));
});
// Nobody reads what is said on the way; the work goes on.
process.stderr.on('error', () => undefined);

const interrupt = interruptOnSignals((error) => {
  isMeant = true;
  // A terminal has just shown the ^C.
  if (process.stderr.isTTY) process.stderr.write('\n');
  complain(error, process.stderr);
});
/** Where programs read what went wrong, if this one is run by such. */
const json = asksForJson(process.argv.slice(2)) ? process.stdout : undefined;
/** How to go on, for the end of a message. */
const goingOn = (): string => (interrupt.goOn === undefined ? '' : `; to go on: ${interrupt.goOn}`);

// Such as a promise that an objective left behind: its trial cannot be told from the others, so all are given back.
process.on('uncaughtException', (error) => {
  isMeant = true;
  const what = `an error that nothing caught: ${String(error)} (set ESPALIER_DEBUG=1 to see where)${goingOn()}`;
  complain(new FailedError(what, { cause: error }), process.stderr, json);
  interrupt.endProcess(exitCodes.failed);
});
/** The exit code of Node for a program whose end waits for a promise that nothing will settle. */
const unsettled = 13;
// Code of the user's may end the process too, and nobody would know why it stopped.
process.on('exit', () => {
  if (isMeant) return;
  const what =
    process.exitCode === unsettled
      ? 'it waits for a promise that nothing settles: look for one in the module of the study, or in a plugin'
      : 'code that it ran has called process.exit: have it throw an error instead';
  process.exitCode = complain(new FailedError(`${what}${goingOn()}`), process.stderr, json);
});
process.exitCode = await runProgram(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  interrupt,
});
isMeant = true;
