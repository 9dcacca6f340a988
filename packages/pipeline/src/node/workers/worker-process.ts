/** Workers in a process of their own, for devices whose drivers are native code. */
import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { DeviceName } from '@espalier/tensor';
import { FailedError, NoDeviceError } from '../../errors.ts';
import type { WorkerHost } from './worker-host.ts';
import { withoutLimitWarnings } from './limit-warnings.ts';
import { receiveError, type Opening, type ProcessRequest, type Response } from './messages.ts';
import type { WorkerPlace } from './worker-handle.ts';

/** The process beside this file, as it is built. */
export const processFile: string = fileURLToPath(new URL('./device-process.js', import.meta.url));

/** A process on its way to a device, and its end: once everything that it wrote was handed on. */
interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<string>;
}

function startProcess(name: DeviceName, stderr: WorkerHost['stderr'], modules: readonly string[]): Started {
  const child = fork(processFile, [name, ...modules], {
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    serialization: 'advanced',
  });
  const ended = new Promise<string>((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code, signal) => resolve(signal ?? `code ${code}`));
  });
  const filter = withoutLimitWarnings((bytes) => stderr.write(bytes));
  child.stderr?.on('data', filter.write).on('end', filter.end);
  return { child, ended };
}

async function endProcess({ child, ended }: Started): Promise<void> {
  child.kill('SIGKILL');
  await ended;
}

const howEnded = (how: string): string => `the process that drives the device ended by ${how}`;

/**
 * Hears which device a process has.
 * @throws {NoDeviceError} when it has none.
 */
function openingOf({ child, ended }: Started): Promise<Extract<Opening, { readonly type: 'opened' }>> {
  return new Promise((resolve, reject) => {
    child.once('message', (opening: Opening) => {
      if (opening.type === 'opened') resolve(opening);
      else if (opening.error.name === 'NoDeviceError') reject(new NoDeviceError(opening.error.message));
      else reject(receiveError(opening.error));
    });
    void ended.then((how) => reject(new NoDeviceError(`${howEnded(how)}: update its driver, or give --device cpu`)));
  });
}

function send({ child }: Started, request: ProcessRequest): void {
  // Of one that has died its end tells.
  if (child.connected) child.send(request, () => undefined);
}

/**
 * Opens a device in a process of its own.
 * @param host whose stderr is handed what drivers write, but for the lines of {@link withoutLimitWarnings}
 * @throws {NoDeviceError} when the device is not here.
 */
export async function openElsewhere(
  name: DeviceName,
  { stderr, interrupt }: WorkerHost,
  modules: readonly string[],
): Promise<WorkerPlace> {
  const first = startProcess(name, stderr, modules);
  let current: Started | undefined = first;
  interrupt.onAbort(() => {
    if (current !== undefined) send(current, { type: 'interrupt' });
  });
  const opening = await openingOf(first).catch(async (error: unknown) => {
    await endProcess(first);
    throw error;
  });
  const { kind, description } = opening;
  return {
    kind,
    description,
    start: ({ onResponse, onDeath }) => {
      const started = (current ??= startProcess(kind, stderr, modules));
      started.child.on('message', (message: Response | Opening) => {
        if (message.type !== 'opened' && message.type !== 'refused') onResponse(message);
      });
      void started.ended.then((how) => {
        if (current === started) current = undefined;
        onDeath(new FailedError(`${howEnded(how)}: try again, update its driver, or give --device cpu`));
      });
      return {
        post: (request) => {
          if (interrupt.aborted) send(started, { type: 'interrupt' });
          send(started, { type: 'job', ...request });
        },
        end: () => endProcess(started),
      };
    },
    close: async () => {
      if (current !== undefined) await endProcess(current);
    },
  };
}
