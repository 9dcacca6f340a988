/** Shows a study while it runs: redrawn on a terminal, a line of JSON for each event elsewhere. */
import type { JsonObject, StoredEvent, StopCondition, Study } from '@espalier/search';
import { createBlock } from '../terminal/block.ts';
import type { Output } from '../terminal/terminal.ts';
import { jsonLine } from '../terminal/visible.ts';
import { renderStatus } from './render-status.ts';
import { startOf, statusOf, type StudyStatus } from './status.ts';

/** Milliseconds between two looks at the storage. */
const lookEvery = 250;

/** Shows what happens in a study until it is told to end: redrawn on a terminal, elsewhere a JSON line for each event. */
export interface Watch {
  /** Says something that is no event of the study: to a reader above what is shown, elsewhere as a line of JSON. */
  say(text: string, event: JsonObject): void;
  /** Shows the last state, and ends. */
  end(): Promise<void>;
}

/** How a study is watched. */
export interface WatchOptions {
  /** Where. */
  readonly stream: Output;
  readonly quiet?: boolean;
  /** Lines of JSON also on a terminal. */
  readonly json?: boolean;
  /** Whether lines of JSON tell every event of the study. Default true. */
  readonly events?: boolean;
  /** Told of every state seen. */
  readonly onLook?: (status: StudyStatus) => void;
}

/** An event as a line for programs. */
function eventLine(study: string, { revision, event }: StoredEvent): string {
  return jsonLine({ study, revision, ...event });
}

/** Watches a study through a handle of its own. */
export function watchStudy(study: Study, stops: readonly StopCondition[], options: WatchOptions): Watch {
  const { stream, quiet = false, json = false, events = true, onLook } = options;
  const terminal = stream.isTTY === true && !json;
  const block = createBlock(stream);
  const start = startOf(study, stops);
  let revision = study.history.revision;
  let ended = quiet;
  let looking: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;

  const look = async (): Promise<void> => {
    await study.sync();
    const status = statusOf(study, stops, start);
    if (terminal) block.update(renderStatus(status, stream));
    else if (events) {
      const found = await study.storage.read(study.name, revision);
      for (const event of found) stream.write(`${eventLine(study.name, event)}\n`);
      revision = found.at(-1)?.revision ?? revision;
    }
    onLook?.(status);
  };
  // What cannot be read now is read by the next look; whoever runs the study meets the error itself.
  const tryLook = (): Promise<void> => look().catch(() => undefined);
  const again = (): void => {
    if (ended) return;
    looking = tryLook().then(() => {
      timer = ended ? undefined : setTimeout(again, lookEvery);
    });
  };
  again();
  return {
    say: (text, event) => {
      if (quiet) return;
      if (terminal) block.print(text);
      else stream.write(`${jsonLine({ study: study.name, ...event })}\n`);
    },
    end: async () => {
      if (quiet) return;
      ended = true;
      clearTimeout(timer);
      await looking;
      await tryLook();
      block.finish();
    },
  };
}
