/** What workers need of the place that they are asked from: the wish to stop, a log, and a stderr for their drivers. */
import type { Host } from '../../host/host.ts';

/** Where work is asked for that workers do: hears also what their drivers write to stderr. */
export interface WorkerHost extends Pick<Host, 'interrupt' | 'log'> {
  readonly stderr: { write(bytes: Uint8Array): unknown };
}
