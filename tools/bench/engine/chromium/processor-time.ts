/** Time of the processor that pages of Chromium took, which they cannot know themselves: as Linux tells it. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { Browser } from 'playwright';

/** Whether this machine tells. */
export const hasProcessorTime: boolean = existsSync('/proc/self/schedstat');

/** The processes of all pages of a browser. */
export async function processesOf(browser: Browser): Promise<readonly number[]> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  return processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => id);
}

/** Milliseconds of the processor over all threads of processes: a thread has nanoseconds in front in its `schedstat`. */
export function processorTime(processes: readonly number[]): number {
  const nanoseconds = processes.flatMap((id) => readdirSync(`/proc/${id}/task`).map((thread) => ranFor(id, thread)));
  return nanoseconds.reduce((sum, each) => sum + each, 0) / 1e6;
}

function ranFor(process: number, thread: string): number {
  try {
    return Number.parseInt(readFileSync(`/proc/${process}/task/${thread}/schedstat`, 'utf8'), 10);
  } catch {
    // It has just ended.
    return 0;
  }
}
