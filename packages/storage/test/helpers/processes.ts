import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A process that runs a script of the helpers' folder, from source. */
export interface ScriptProcess {
  readonly pid: number;
  /** Everything it has printed, line by line. */
  readonly lines: readonly string[];
  /** Its exit code, once it has ended by itself; null when it was killed. */
  readonly ended: Promise<number | null>;
  /** Writes a line to it. */
  tell(line: string): void;
  /** Sends it a signal. */
  signal(name: NodeJS.Signals): void;
  /** Waits for the line of a text. @throws Error when the process ends without it. */
  says(text: string): Promise<void>;
}

const node = [process.execPath, '--conditions=@espalier/source', '--import', 'tsx'] as const;

/** Starts a script, such as `storage-worker.ts`. */
export function startScript(script: string, args: readonly string[]): ScriptProcess {
  const file = fileURLToPath(new URL(script, import.meta.url));
  const child = spawn(node[0], [...node.slice(1), file, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines: string[] = [];
  let look: () => void = () => undefined;
  const reader = createInterface(child.stdout);
  reader.on('line', (line) => {
    lines.push(line);
    look();
  });
  // A line to a process that was killed is lost, as it should be.
  child.stdin.on('error', () => undefined);
  const closed = once(reader, 'close');
  const ended = once(child, 'exit').then(async ([code]: unknown[]) => {
    await closed;
    return code as number | null;
  });
  return {
    pid: child.pid ?? 0,
    lines,
    ended,
    tell: (line) => void child.stdin.write(`${line}\n`),
    signal: (name) => void child.kill(name),
    says: (text) =>
      new Promise((resolve, reject) => {
        look = () => {
          if (lines.includes(text)) resolve();
        };
        look();
        void ended.then(() => reject(new Error(`the process ended without '${text}': ${lines.join('; ')}`)));
      }),
  };
}
