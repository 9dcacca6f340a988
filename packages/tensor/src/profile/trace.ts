/** Profiles as what chrome://tracing and Perfetto open: the Trace Event Format, of complete events and names. */
import type { ProfileData } from './data.ts';

/** One event; times in microseconds. */
export type TraceEvent =
  | {
      readonly ph: 'X';
      readonly name: string;
      readonly cat: 'kernel' | 'planning' | 'run';
      readonly pid: number;
      readonly tid: number;
      readonly ts: number;
      readonly dur: number;
      readonly args: Readonly<Record<string, number | string>>;
    }
  | {
      readonly ph: 'M';
      readonly name: 'thread_name' | 'process_name';
      readonly pid: number;
      readonly tid: number;
      readonly args: { readonly name: string };
    };

/** A file of events. */
export interface ChromeTrace {
  readonly displayTimeUnit: 'ms';
  readonly traceEvents: readonly TraceEvent[];
}

const pid = 1;

/** Events of what ran, each below a name of its own. */
export function traceOf(parts: readonly ProfileData[]): ChromeTrace {
  const origin = parts.reduce((least, { began }) => Math.min(least, began), Infinity);
  const traceEvents: TraceEvent[] = [{ ph: 'M', name: 'process_name', pid, tid: 0, args: { name: 'espalier' } }];
  for (const [part, data] of parts.entries()) {
    const tid = part + 1;
    const offset = data.began - origin;
    traceEvents.push({ ph: 'M', name: 'thread_name', pid, tid, args: { name: data.name } });
    traceEvents.push({
      ph: 'X',
      name: data.name,
      cat: 'run',
      pid,
      tid,
      ts: 1000 * offset,
      dur: 1000 * data.ms,
      args: data.untold > 0 ? { 'calls that are not shown': data.untold } : {},
    });
    const { kernel, start, ms, flops, bytes } = data.happenings;
    for (const [at, place] of kernel.entries()) {
      const known = data.kernels[place];
      const operations = flops[at] as number;
      traceEvents.push({
        ph: 'X',
        name: known?.text ?? 'planning',
        cat: known ? 'kernel' : 'planning',
        pid,
        tid,
        ts: 1000 * (offset + (start[at] as number)),
        dur: 1000 * (ms[at] as number),
        args: known
          ? {
              device: known.device,
              threads: known.threads,
              ...(!Number.isNaN(operations) && { flops: operations }),
              bytes: bytes[at] as number,
            }
          : {},
      });
    }
  }
  return { displayTimeUnit: 'ms', traceEvents };
}
