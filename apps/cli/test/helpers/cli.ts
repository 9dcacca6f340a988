import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The program as it was built last. */
export const main = fileURLToPath(new URL('../../dist/joined/main.js', import.meta.url));
const root = fileURLToPath(new URL('../../../..', import.meta.url));

/** What a command line came to. */
export interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** How to run a command line. */
export interface RunSettings {
  readonly env?: Readonly<Record<string, string>>;
  /** The folder that it runs in. Default: that of the workspace. */
  readonly cwd?: string;
  /** Told of everything on stderr as it comes; may send a signal. */
  readonly onStderr?: (text: string, kill: (signal: NodeJS.Signals) => void) => void;
}

/** Runs the command line, as it was built last, in a process of its own. */
export function espalier(args: readonly string[], { env = {}, cwd = root, onStderr }: RunSettings = {}): Promise<Run> {
  if (!existsSync(main)) throw new Error(`${main} is not there: run \`npm run build\` first`);
  const child = spawn(process.execPath, [main, ...args], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => void (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
    onStderr?.(stderr, (signal) => void child.kill(signal));
  });
  return new Promise((resolve) => {
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}
