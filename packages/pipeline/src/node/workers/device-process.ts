/**
 * A worker that is a process of its own: what drivers write to stderr can be looked at on its way, and one that crashes
 * takes nothing else along. It opens the device that its first argument names, says which that is, imports the modules
 * that the others name, and does jobs.
 */
import type { DeviceName } from '@espalier/tensor';
import { openDevice } from '../../host/open-device.ts';
import { sendError, type Opening, type ProcessRequest, type Response } from './messages.ts';

// Ctrl-C reaches every process of a terminal; the one that started this decides what becomes of it.
process.on('SIGINT', () => undefined);
process.on('disconnect', () => process.exit());

function say(message: Opening | Response): void {
  // Whoever asked may have gone.
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
}

const [name, ...modules] = process.argv.slice(2);
const opened = openDevice(name as DeviceName);
opened.then(
  ({ kind, device }) => say({ type: 'opened', kind, description: device.description }),
  (error: unknown) => say({ type: 'refused', error: sendError(error) }),
);

let isAborted = false;
process.on('message', (message: ProcessRequest) => {
  if (message.type === 'interrupt') {
    isAborted = true;
    return;
  }
  // Loaded once there is a job: it is much.
  void import('./work.ts').then(({ work }) =>
    work(
      message,
      modules,
      async () => (await opened).device,
      () => isAborted,
      say,
    ),
  );
});
