import { interruptOnSignals } from './cli/interrupt.ts';
import { runProgram } from './cli/run-program.ts';
import { exitCodes } from './errors.ts';

// A reader that has had enough, such as `head`, is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(exitCodes.ok);
});

const environment = { stdout: process.stdout, stderr: process.stderr, interrupt: interruptOnSignals() };
process.exitCode = await runProgram(process.argv.slice(2), environment);
