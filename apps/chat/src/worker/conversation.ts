/** A model that answers: opened on a device, asked for one answer after another, and stopped. */
import { encodeChat, generate, openLanguage, type OpenedLanguage } from '@espalier/language';
import { openTensors } from '@espalier/models';
import { breather } from '@espalier/nn';
import { configure, device, type Device } from '@espalier/tensor';
import type { AnswerFigures, Request, Told } from '../messages.ts';
import { modelBytes } from './model-bytes.ts';

type Asked<Type extends Request['type']> = Extract<Request, { readonly type: Type }>;

/** Messages have their turn so often, in milliseconds: a synchronous device gives them none by itself. */
const pauseEvery = 15;

/** What a worker does. Requests are worked on in order, but for the one to stop. */
export class Conversation {
  readonly #tell: (told: Told) => void;
  #model: OpenedLanguage | undefined;
  #device: Device | undefined;
  #stop: AbortController | undefined;
  #last: Promise<void> = Promise.resolve();

  /** @param tell takes what the page is to know */
  constructor(tell: (told: Told) => void) {
    this.#tell = tell;
    configure({ warn: (text) => tell({ type: 'notice', text }) });
  }

  /** Takes a request; what it comes to is told. */
  take(request: Request): Promise<void> {
    if (request.type === 'stop') {
      this.#stop?.abort();
      return Promise.resolve();
    }
    this.#last = this.#last
      .then(() => (request.type === 'open' ? this.#open(request) : this.#answer(request)))
      .catch((error: unknown) => this.#tell({ type: 'failed', message: String(error) }));
    return this.#last;
  }

  async #open({ place, device: wanted }: Asked<'open'>): Promise<void> {
    const started = performance.now();
    this.#close();
    const opened = await device(wanted);
    const source = await modelBytes(place, (read, size) => this.#tell({ type: 'reading', read, size }));
    const file = await openTensors(source);
    const model = await openLanguage(file, { device: opened });
    await file.close();
    const { description, template, decoder } = model;
    // Not where it was asked for, if that computes something else.
    const used = decoder.model.parameters()[0]?.device ?? opened;
    await used.synchronize();
    [this.#model, this.#device] = [model, used];
    this.#tell({
      type: 'opened',
      facts: {
        name: source.name,
        family: description.family,
        vocabulary: description.vocabulary,
        context: description.context,
        device: used.name,
        about: used.description,
        chats: template !== undefined,
        bytes: source.size,
        milliseconds: performance.now() - started,
        notes: description.notes,
      },
    });
  }

  async #answer({ messages, options }: Asked<'answer'>): Promise<void> {
    const [model, place] = [this.#model, this.#device];
    if (!model || !place) return this.#tell({ type: 'failed', message: 'no model is open: open one first' });
    const { tokenizer, template, decoder } = model;
    const prompt = template
      ? encodeChat(tokenizer, template, messages)
      : tokenizer.encode(messages.at(-1)?.content ?? '');
    const stop = new AbortController();
    this.#stop = stop;
    const started = performance.now();
    let [first, tokens] = [started, 0];
    const figures = (): AnswerFigures => {
      const since = performance.now() - first;
      return {
        prompt: prompt.length,
        tokens,
        firstTokenMs: first - started,
        rate: tokens > 1 ? (1000 * (tokens - 1)) / since : undefined,
        bytes: place.memory().bytes,
      };
    };
    const pause = breather(pauseEvery);
    try {
      let ended: Extract<Told, { readonly type: 'answered' }>['ended'] = 'length';
      for await (const piece of generate(decoder, prompt, {
        ...options,
        tokenizer,
        reuse: true,
        signal: stop.signal,
      })) {
        if (tokens++ === 0) first = performance.now();
        this.#tell({ type: 'piece', text: piece.text, figures: figures() });
        ended = piece.ended ?? ended;
        await pause();
      }
      this.#tell({ type: 'answered', ended });
    } catch (error) {
      if (!stop.signal.aborted) throw error;
      this.#tell({ type: 'answered', ended: 'stopped' });
    } finally {
      this.#stop = undefined;
    }
  }

  #close(): void {
    this.#model?.decoder.dispose();
    this.#model?.decoder.model.dispose();
    this.#model = undefined;
  }
}
