/**
 * Has llama.cpp read a model and tell a text: `node llama-cpp.mjs FOLDER MODEL TEXT TOKENS`, where FOLDER has node-llama-cpp installed. Prints
 * the ids of the text's first tokens, and ln p of those in its second half, of one window.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const [folder, model, text, tokens] = process.argv.slice(2);
const { getLlama } = await import(join(folder, 'node_modules/node-llama-cpp/dist/index.js'));
const llama = await getLlama({ gpu: false, build: 'never', logLevel: 'error', maxThreads: 1 });
const opened = await llama.loadModel({ modelPath: model });
const window = Number(tokens);
const ids = opened.tokenize(readFileSync(text, 'utf8'), false).slice(0, window);
const exact = { experimentalKvCacheKeyType: 'F32', experimentalKvCacheValueType: 'F32', flashAttention: false };
const context = await opened.createContext({ contextSize: window, batchSize: window, threads: 1, ...exact });
const asked = { generateNext: { probabilities: true, options: { temperature: 1, topK: 0, topP: 1, minP: 0 } } };
const scored = (at) => at >= window / 2 && at + 1 < window;
const told = await context.getSequence().controlledEvaluate(ids.map((id, at) => (scored(at) ? [id, asked] : id)));
const lnp = told.flatMap((each, at) => (scored(at) ? [Math.log(each.next.probabilities.get(ids[at + 1]))] : []));
console.log(JSON.stringify({ ids, lnp }));
process.exit(0);
