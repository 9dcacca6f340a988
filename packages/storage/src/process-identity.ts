import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';

/** A process of some machine. The time of its start tells it from a later one that got the same id. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly host: string;
  /** Milliseconds since 1970. */
  readonly started: number;
}

/** How far apart two readings of one process's start can lie, in milliseconds. */
const clockTolerance = 5000;

/** This process. */
export function ownIdentity(): ProcessIdentity {
  return { pid: process.pid, host: hostname(), started: Math.round(Date.now() - process.uptime() * 1000) };
}

/** What Linux tells of a process; undefined elsewhere, or where it tells nothing. */
function linuxProcess(pid: number): { readonly ended: boolean; readonly started: number } | undefined {
  try {
    // After the name in parentheses: the state, and as the 20th field the start in hundredths of a second since boot.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /su, '')
      .split(' ');
    const boot = /^btime (\d+)$/mu.exec(readFileSync('/proc/stat', 'utf8'))?.[1];
    return { ended: fields[0] === 'Z' || fields[0] === 'X', started: Number(boot) * 1000 + Number(fields[19]) * 10 };
  } catch {
    return undefined;
  }
}

/**
 * Whether a process of this machine has certainly gone: there is none of its id, or it has ended unnoticed by its
 * parent, or it started at another time. False for a process of another machine.
 */
export function isGone({ pid, host, started }: ProcessIdentity): boolean {
  if (host !== hostname()) return false;
  if (pid === process.pid) return Math.abs(started - ownIdentity().started) >= clockTolerance;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // One that may not be signalled is alive.
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return true;
  }
  const found = linuxProcess(pid);
  return found !== undefined && (found.ended || Math.abs(found.started - started) >= clockTolerance);
}
