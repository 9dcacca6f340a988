/** Progress bars, which become plain lines where there is no terminal. */
import { formatDuration } from './format.ts';
import { style, widthOf, type Output } from './terminal.ts';
import { visible, visibleLine } from './visible.ts';

/** A piece of work that is under way. */
export interface Bar {
  /** Sets how much is done, from 0 to the total, and a word on how it goes. */
  update(done: number, note?: string): void;
  /** Ends the bar, leaving a line that says how long it took. */
  finish(note?: string): void;
}

/** Shows work on a stream: on a terminal one line that is redrawn, elsewhere a line for every tenth. */
export interface Progress {
  start(label: string, total: number): Bar;
  /** Prints a line above the bar that is shown, if any. */
  line(text: string): void;
}

/** How progress is shown. */
export interface ProgressOptions {
  readonly stream: Output;
  /** Shows neither bars nor lines. Default false. */
  readonly quiet?: boolean;
  /** The clock, in milliseconds. */
  readonly now?: () => number;
}

const barWidth = 24;
const redrawMilliseconds = 100;

function drawBar(part: number): string {
  const full = Math.round(part * barWidth);
  return '█'.repeat(full) + '░'.repeat(barWidth - full);
}

/** Cuts a text that carries no styles to a width. */
function fit(text: string, width: number): string {
  return widthOf(text) <= width ? text : `${[...text].slice(0, Math.max(0, width - 1)).join('')}…`;
}

/** Seconds left, if the rest goes on as it went so far; undefined before anything is known. */
function secondsLeft(part: number, elapsed: number): number | undefined {
  return part > 0 && part < 1 ? (elapsed * (1 - part)) / part : undefined;
}

const silent: Progress = { start: () => ({ update: () => undefined, finish: () => undefined }), line: () => undefined };

/** Makes the progress display of a stream. */
export function createProgress({ stream, quiet = false, now = () => performance.now() }: ProgressOptions): Progress {
  if (quiet) return silent;
  const terminal = stream.isTTY === true;
  let shown = '';

  const erase = (): void => {
    if (shown !== '') stream.write('\r\u001B[2K');
  };
  const draw = (text: string): void => {
    erase();
    shown = fit(text, (stream.columns ?? 80) - 1);
    stream.write(shown);
  };
  const line = (text: string): void => {
    const before = shown;
    erase();
    stream.write(`${visible(text)}\n`);
    if (before !== '') stream.write(before);
  };

  return {
    line,
    start: (name, total) => {
      const label = visibleLine(name);
      const began = now();
      let [drawn, tenth] = [Number.NEGATIVE_INFINITY, 0];
      const partOf = (done: number): number => (total > 0 ? Math.min(1, Math.max(0, done / total)) : 1);
      const status = (part: number, note: string): string => {
        const left = secondsLeft(part, (now() - began) / 1000);
        const time = left === undefined ? '' : `${formatDuration(left)} left`;
        const parts = [`${Math.floor(part * 100)} %`, time, visibleLine(note)];
        return parts.filter((text) => text !== '').join(' · ');
      };
      return {
        update: (done, note = '') => {
          const part = partOf(done);
          if (terminal) {
            if (now() - drawn < redrawMilliseconds) return;
            drawn = now();
            draw(`${label} ${drawBar(part)} ${status(part, note)}`);
          } else if (part < 1 && Math.floor(part * 10 + 1e-9) > tenth) {
            tenth = Math.floor(part * 10 + 1e-9);
            line(`${label}: ${status(part, note)}`);
          }
        },
        finish: (note = '') => {
          erase();
          shown = '';
          const took = style('dim', `(${formatDuration((now() - began) / 1000)})`, stream);
          stream.write(
            `${style('green', '✓', stream)} ${label}${note === '' ? '' : `: ${visibleLine(note)}`} ${took}\n`,
          );
        },
      };
    },
  };
}
