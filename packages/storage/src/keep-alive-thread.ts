/** The thread that renews claims: it goes on while the main thread computes. */
import { parentPort, workerData } from 'node:worker_threads';
import { renewClaims } from '@espalier/search';
import type { KeepAliveRequest, KeepAliveSetup } from './keep-alive.ts';
import { openFileStorage } from './open-file-storage.ts';

const { url, study, lease } = workerData as KeepAliveSetup;
const storage = await openFileStorage(url);
const claims = renewClaims(storage, study, lease);

parentPort?.on('message', (request: KeepAliveRequest) => {
  if (request.type !== 'close') return claims[request.type](request.claim);
  parentPort?.close();
  void claims.close().then(() => storage.close());
});
parentPort?.postMessage('ready', []);
