/** The worker of the page. */
import type { Request } from '../messages.ts';
import { Conversation } from './conversation.ts';

const conversation = new Conversation((told) => postMessage(told));
addEventListener('message', ({ data }: MessageEvent<Request>) => void conversation.take(data));
