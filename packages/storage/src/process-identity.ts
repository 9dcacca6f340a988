/** Which process holds something, and whether it has gone: ids alone are given out again. */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';

/** A process of some machine. Its start tells it from a later one that got the same id. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly host: string;
  /**
   * On Linux, the boot and the hundredths of a second from then to its start, which stay what they are when the clock is
   * set or the machine sleeps; elsewhere milliseconds since 1970.
   */
  readonly started: string;
}

/** How far apart two readings of one process's start by the clock can lie, in milliseconds. */
const clockTolerance = 5000;

/** What Linux tells of a process; undefined elsewhere, or where it tells nothing. */
function linuxProcess(pid: number): { readonly ended: boolean; readonly started: string } | undefined {
  try {
    // After the name in parentheses: the state, and as the 20th field the start.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /su, '')
      .split(' ');
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return { ended: fields[0] === 'Z' || fields[0] === 'X', started: `${boot} ${fields[19] ?? ''}` };
  } catch {
    return undefined;
  }
}

/** When this process started, by the clock. */
const clockStart = (): number => Math.round(Date.now() - process.uptime() * 1000);

/** This process. */
export function ownIdentity(): ProcessIdentity {
  const started = linuxProcess(process.pid)?.started ?? String(clockStart());
  return { pid: process.pid, host: hostname(), started };
}

/**
 * Whether a process of this machine has certainly gone: there is none of its id, or it has ended unnoticed by its
 * parent, or it started at another time. False for a process of another machine.
 */
export function isGone({ pid, host, started }: ProcessIdentity): boolean {
  if (host !== hostname()) return false;
  const found = linuxProcess(pid);
  if (found !== undefined) return found.ended || found.started !== started;
  if (pid === process.pid) return Math.abs(Number(started) - clockStart()) >= clockTolerance;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // One that may not be signalled is alive.
    return error instanceof Error && 'code' in error && error.code === 'ESRCH';
  }
  return false;
}
