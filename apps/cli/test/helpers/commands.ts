/** Command lines that end well, with what they say as JSON, and such as are refused. */
import { expect } from 'vitest';
import { espalier, type Run } from './cli.ts';
import { runHere } from './run-here.ts';

function told({ code, stdout, stderr }: Run): Record<string, unknown> {
  expect(stderr.split('\n').filter((line) => line.startsWith('espalier:'))).toEqual([]);
  expect(code).toBe(0);
  return JSON.parse(stdout) as Record<string, unknown>;
}

/** What a command says, of this process. */
export async function run(...args: readonly string[]): Promise<Record<string, unknown>> {
  return told(await runHere(...args, '--json'));
}

/** What a command of the built program says, which has workers. */
export async function runBuilt(...args: readonly string[]): Promise<Record<string, unknown>> {
  return told(await espalier([...args, '--device', 'cpu', '--json']));
}

/** A command that is refused for a problem. */
export async function refused(problem: string, ...args: readonly string[]): Promise<void> {
  const { code, stderr } = await runHere(...args);
  expect(stderr).toContain(problem);
  expect(code).toBe(2);
}
