/** What this thread and its workers, in threads or processes, say to each other. */
import type { ProfileData } from '@espalier/tensor';
import type { DeviceKind } from '../../host/open-device.ts';

/** What the pool asks a worker to do. */
export interface Request {
  readonly job: string;
  readonly input: unknown;
  /** Whether to tell which kernels it runs. */
  readonly profiled?: boolean;
}

/** An error as it crosses to another thread or process: its class would be lost, its name is not. */
export interface SentError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly code: string | undefined;
  readonly path: string | undefined;
}

/** What a worker answers: how far it is, which kernels it ran where that was asked, then how it ended. */
export type Response =
  | { readonly type: 'progress'; readonly done: number; readonly total: number; readonly note: string }
  | { readonly type: 'profile'; readonly part: ProfileData }
  | { readonly type: 'result'; readonly output: unknown }
  | { readonly type: 'error'; readonly error: SentError };

/** What a worker thread is started with. */
export interface WorkerSetup {
  readonly device: DeviceKind;
  /** Not zero once the user asks to stop. */
  readonly interrupt: Int32Array<SharedArrayBuffer>;
  /** How many workers have a job in hand. */
  readonly busy: Int32Array<SharedArrayBuffer>;
  /** The modules to import before anything else, which register what jobs name. */
  readonly modules: readonly string[];
}

/** What a worker process says of its device, before anything else. */
export type Opening =
  | { readonly type: 'opened'; readonly kind: DeviceKind; readonly description: string }
  | { readonly type: 'refused'; readonly error: SentError };

/** What a worker process hears: jobs, and that the user asks to stop. */
export type ProcessRequest = ({ readonly type: 'job' } & Request) | { readonly type: 'interrupt' };

/** Packs an error for the way to another thread or process. */
export function sendError(error: unknown): SentError {
  const whole = error instanceof Error ? error : new Error(String(error));
  const text = (name: string): string | undefined => {
    const value: unknown = Reflect.get(whole, name);
    return typeof value === 'string' ? value : undefined;
  };
  return { name: whole.name, message: whole.message, stack: whole.stack, code: text('code'), path: text('path') };
}

/** Unpacks an error from elsewhere; it keeps its name, message and trace. */
export function receiveError({ name, message, stack, code, path }: SentError): Error {
  const error = new Error(message);
  error.name = name;
  if (stack !== undefined) error.stack = stack;
  return Object.assign(error, code === undefined ? {} : { code }, path === undefined ? {} : { path });
}
