/** A worker that is a thread. */
import { parentPort, workerData } from 'node:worker_threads';
import { configure } from '@espalier/tensor';
import { openDevice } from '../../host/open-device.ts';
import { keepPlans } from '../kept-plans.ts';
import type { Request, WorkerSetup } from './messages.ts';
import { work } from './work.ts';

const { device: name, interrupt, busy, modules } = workerData as WorkerSetup;
// A device asks its threads while no other worker needs the cores.
configure({ busy });
keepPlans();
const opened = openDevice(name);
// Whoever awaits it first reports the failure.
opened.catch(() => undefined);

parentPort?.on('message', (request: Request) => {
  void work(
    request,
    modules,
    async () => (await opened).device,
    () => Atomics.load(interrupt, 0) !== 0,
    (response) => parentPort?.postMessage(response, []),
  );
});
