/** What a page and its worker say to each other. */
import type { Ending } from '@espalier/language';
import type { DeviceName } from '@espalier/tensor';

/** Where a GGUF file is: on a server that answers ranges, or one that the user chose. */
export type ModelPlace = { readonly url: string } | { readonly file: File };

/** What was said. An alias, since messages of templates may have any keys. */
export type Message = { readonly role: 'system' | 'user' | 'assistant'; readonly content: string };

/** How an answer is chosen. */
export interface AnswerOptions {
  /** Tokens at most. */
  readonly maxTokens: number;
  /** 0 takes the likeliest token each time. */
  readonly temperature: number;
  readonly topP: number;
  readonly seed: number;
}

/** What a page asks for. One thing at a time; `stop` ends it. */
export type Request =
  | { readonly type: 'open'; readonly place: ModelPlace; readonly device: DeviceName }
  | { readonly type: 'answer'; readonly messages: readonly Message[]; readonly options: AnswerOptions }
  | { readonly type: 'stop' };

/** What is known of an open model. */
export interface OpenedFacts {
  readonly name: string;
  readonly family: string;
  readonly vocabulary: number;
  readonly context: number;
  /** Where it computes: `webgpu`, `cpu`, and what that is. */
  readonly device: string;
  readonly about: string;
  /** Whether it has a template of chats; else it goes on with the last message. */
  readonly chats: boolean;
  /** Bytes of the file. */
  readonly bytes: number;
  readonly milliseconds: number;
  /** What is otherwise than the file says, or than was asked for. */
  readonly notes: readonly string[];
}

/** How fast an answer comes, and what it takes. */
export interface AnswerFigures {
  readonly prompt: number;
  readonly tokens: number;
  /** Milliseconds until the first token. */
  readonly firstTokenMs: number;
  /** Tokens a second behind the first one; undefined as long as there is none. */
  readonly rate: number | undefined;
  /** Bytes that the device has given out: weights, caches, and what it works in. */
  readonly bytes: number;
}

/** What a worker tells. */
export type Told =
  | { readonly type: 'reading'; readonly read: number; readonly size: number }
  | { readonly type: 'opened'; readonly facts: OpenedFacts }
  | { readonly type: 'piece'; readonly text: string; readonly figures: AnswerFigures }
  | { readonly type: 'answered'; readonly ended: Ending | 'stopped' }
  | { readonly type: 'notice'; readonly text: string }
  | { readonly type: 'failed'; readonly message: string };
