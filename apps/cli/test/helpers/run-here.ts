import { createInterrupt } from '../../src/cli/interrupt.ts';
import { runProgram } from '../../src/cli/run-program.ts';
import type { Run } from './cli.ts';
import { FakeStream } from './fake-stream.ts';

/** Runs a command line in this process. */
export async function runHere(...args: readonly string[]): Promise<Run> {
  const [stdout, stderr] = [new FakeStream(), new FakeStream()];
  const code = await runProgram(args, { stdout, stderr, interrupt: createInterrupt() });
  return { code, stdout: stdout.text, stderr: stderr.text };
}
