/** The page: a model is opened, messages are sent, answers are written as they come. The worker computes. */
import type { DeviceName } from '@espalier/tensor';
import type { Message, ModelPlace, Request, Told } from '../messages.ts';
import { elements } from './elements.ts';
import { figuresWords, openedWords, readingWords } from './words.ts';

const worker = new Worker(new URL('worker.js', document.baseURI), { type: 'module' });
const ask = (request: Request): void => worker.postMessage(request, []);

const messages: Message[] = [];
/** Where the answer is written that is on its way. */
let answer: HTMLElement | undefined;

type State = 'empty' | 'opening' | 'ready' | 'answering';

function become(state: State): void {
  document.body.dataset['state'] = state;
  elements.openButton.disabled = state === 'opening' || state === 'answering';
  elements.send.disabled = state !== 'ready';
  elements.stop.disabled = state !== 'answering';
}

/** Adds a line to the talk: what models and users write is text, and nothing else. */
function write(role: 'user' | 'assistant' | 'notice', text: string): HTMLElement {
  const line = document.createElement('li');
  line.className = role;
  line.textContent = text;
  elements.messages.append(line);
  line.scrollIntoView({ block: 'end' });
  return line;
}

type Takers = { readonly [Type in Told['type']]: (told: Extract<Told, { readonly type: Type }>) => void };

const takers: Takers = {
  reading: (told) => {
    elements.status.textContent = readingWords(told);
  },
  opened: ({ facts }) => {
    elements.status.textContent = openedWords(facts);
    messages.length = 0;
    elements.messages.replaceChildren();
    if (!facts.chats) write('notice', 'The model has no template of chats: it goes on with what you write.');
    become('ready');
    elements.text.focus();
  },
  piece: ({ text, figures }) => {
    if (answer) answer.textContent += text;
    elements.figures.textContent = figuresWords(figures);
  },
  answered: ({ ended }) => {
    messages.push({ role: 'assistant', content: answer?.textContent ?? '' });
    if (answer) answer.dataset['ended'] = ended;
    answer = undefined;
    become('ready');
  },
  notice: ({ text }) => void write('notice', text),
  failed: ({ message }) => {
    write('notice', message);
    // What was asked is not part of the talk.
    if (answer) messages.pop();
    answer?.remove();
    answer = undefined;
    become(document.body.dataset['state'] === 'answering' ? 'ready' : 'empty');
  },
};

worker.addEventListener('message', ({ data }: MessageEvent<Told>) => {
  (takers[data.type] as (told: Told) => void)(data);
});
worker.addEventListener('error', ({ message }) =>
  takers.failed({ type: 'failed', message: message || 'the worker does not start' }),
);

/** The file that the user chose, or the address; the file if both are there. */
function placeOf(): ModelPlace | undefined {
  const file = elements.file.files?.[0];
  if (file) return { file };
  const { value } = elements.url;
  return value === '' ? undefined : { url: new URL(value, document.baseURI).href };
}

elements.open.addEventListener('submit', (event) => {
  event.preventDefault();
  const place = placeOf();
  if (!place) return;
  become('opening');
  elements.status.textContent = 'opening';
  ask({ type: 'open', place, device: elements.device.value as DeviceName });
});

elements.say.addEventListener('submit', (event) => {
  event.preventDefault();
  const text = elements.text.value.trim();
  if (text === '' || elements.send.disabled) return;
  elements.text.value = '';
  messages.push({ role: 'user', content: text });
  write('user', text);
  answer = write('assistant', '');
  become('answering');
  const system = elements.system.value.trim();
  ask({
    type: 'answer',
    messages: [...(system === '' ? [] : [{ role: 'system', content: system } as const]), ...messages],
    options: {
      maxTokens: elements.most.valueAsNumber,
      temperature: elements.temperature.valueAsNumber,
      topP: 0.95,
      seed: elements.seed.valueAsNumber,
    },
  });
});
elements.text.addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  elements.say.requestSubmit();
});
elements.stop.addEventListener('click', () => ask({ type: 'stop' }));

/** Names what the server has, as far as it tells. */
async function offerModels(): Promise<void> {
  const answered = await fetch(new URL('models.json', document.baseURI));
  if (!answered.ok) return;
  const names = (await answered.json()) as readonly string[];
  for (const name of names) elements.served.append(new Option(name, name));
  elements.url.value ||= names[0] ?? '';
}

become('empty');
void offerModels();
