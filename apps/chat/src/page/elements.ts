/** The elements of the page, by what they are for. */

type Kind<Made> = abstract new () => Made;

function byId<Made extends HTMLElement>(id: string, kind: Kind<Made>): Made {
  const found = document.getElementById(id);
  if (found instanceof kind) return found;
  throw new Error(`the page has no ${kind.name} with the id ${id}: index.html and this program are of two versions`);
}

/** What the page is made of. */
export const elements = {
  open: byId('open', HTMLFormElement),
  url: byId('url', HTMLInputElement),
  served: byId('served', HTMLDataListElement),
  file: byId('file', HTMLInputElement),
  device: byId('device', HTMLSelectElement),
  openButton: byId('open-button', HTMLButtonElement),
  status: byId('status', HTMLOutputElement),
  messages: byId('messages', HTMLOListElement),
  say: byId('say', HTMLFormElement),
  system: byId('system', HTMLInputElement),
  temperature: byId('temperature', HTMLInputElement),
  most: byId('most', HTMLInputElement),
  seed: byId('seed', HTMLInputElement),
  text: byId('text', HTMLTextAreaElement),
  send: byId('send', HTMLButtonElement),
  stop: byId('stop', HTMLButtonElement),
  figures: byId('figures', HTMLOutputElement),
} as const;
