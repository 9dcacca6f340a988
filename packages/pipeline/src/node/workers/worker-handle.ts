/** What a pool knows of a worker, whatever it runs in. */
import type { DeviceKind } from '../../host/open-device.ts';
import type { Request, Response } from './messages.ts';

/** A worker in a thread or a process, which does one job at a time. */
export interface WorkerHandle {
  readonly post: (request: Request) => void;
  /** Ends it, whatever it is doing. */
  readonly end: () => Promise<void>;
}

/** Who hears a worker. */
export interface WorkerListener {
  readonly onResponse: (response: Response) => void;
  /** It is no more, and has not answered what it was asked. */
  readonly onDeath: (error: unknown) => void;
}

/** Starts a worker. */
export type StartWorker = (listener: WorkerListener) => WorkerHandle;

/** A device that is open, and workers that compute on it. */
export interface WorkerPlace {
  readonly kind: DeviceKind;
  readonly description: string;
  readonly start: StartWorker;
  /** Closes what was opened. Workers are ended by themselves. */
  readonly close: () => Promise<void>;
}
