// The layers of the page that chats, the lowest first.
import type { Layers } from './layers.ts';

/** The page and its worker know each other by messages alone. */
export const chat: Layers = {
  arrows: { 'messages.ts': [], worker: ['messages.ts'], page: ['messages.ts'], serve: [] },
  exceptions: [],
};
