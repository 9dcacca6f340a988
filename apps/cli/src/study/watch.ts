import type { StoredEvent, StopCondition, Study } from '@espalier/search';
import type { Session } from '../cli/session.ts';
import { createBlock } from '../terminal/block.ts';
import { renderStatus } from './render-status.ts';
import { statusOf } from './status.ts';

/** Milliseconds between two looks at the storage. */
const lookEvery = 250;

/** Shows what happens in a study until it is told to end: redrawn on a terminal, elsewhere a JSON line for each event. */
export interface Watch {
  /** Shows the last state, and ends. */
  end(): Promise<void>;
}

/** An event as a line for programs. */
function eventLine(study: string, { revision, event }: StoredEvent): string {
  return JSON.stringify({ study, revision, ...event });
}

/** Watches a study through a handle of its own. */
export function watchStudy(session: Session, study: Study, stops: readonly StopCondition[], quiet: boolean): Watch {
  const { stderr } = session;
  const terminal = stderr.isTTY === true;
  const block = createBlock(stderr);
  const began = study.now();
  let revision = study.history.revision;
  let ended = quiet;
  let looking: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;

  const look = async (): Promise<void> => {
    await study.sync();
    if (terminal) block.update(renderStatus(statusOf(study, stops, began), stderr));
    else {
      const events = await study.storage.read(study.name, revision);
      for (const event of events) stderr.write(`${eventLine(study.name, event)}\n`);
      revision = events.at(-1)?.revision ?? revision;
    }
  };
  const again = (): void => {
    if (ended) return;
    // What cannot be read now is read by the next look; whoever runs the study meets the error itself.
    looking = look()
      .catch(() => undefined)
      .then(() => {
        timer = ended ? undefined : setTimeout(again, lookEvery);
      });
  };
  again();
  return {
    end: async () => {
      if (quiet) return;
      ended = true;
      clearTimeout(timer);
      await looking;
      await look();
      block.finish();
    },
  };
}
