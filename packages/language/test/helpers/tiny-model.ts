/** Language models of a few hundred weights. */
import { registerFamilies } from '@espalier/models';
import { build, type Module } from '@espalier/nn';
import { Generator, noGrad, randn, tensor } from '@espalier/tensor';

const llama = { type: 'llama', width: 16, layers: 2, heads: 4, keyValueHeads: 2, hidden: 24, context: 512 };
const gpt2 = { type: 'gpt2', width: 16, layers: 2, heads: 4, context: 512 };
const families = { llama, gpt2 };

/** A model with drawn weights, large enough for answers that differ. */
export function tinyModel(vocabulary: number, seed: number, family: keyof typeof families = 'llama'): Module {
  registerFamilies();
  const generator = new Generator(seed);
  const module = build({ ...families[family], vocabulary });
  for (const parameter of module.parameters())
    if (parameter.value.rank === 2) parameter.value.assign(randn(parameter.value.shape, { generator }).mul(0.4));
  return module.eval();
}

/** Scores of all positions, without a cache. */
export async function scoresOf(model: Module, ids: readonly number[]): Promise<readonly Float32Array[]> {
  const logits = noGrad(() => model.call(tensor([...ids], { dtype: 'i32' })));
  const vocabulary = logits.shape[1] as number;
  const data = (await logits.data()) as Float32Array;
  return ids.map((_, at) => data.subarray(at * vocabulary, (at + 1) * vocabulary));
}

/** The likeliest goings-on, each token by a call of the whole. */
export async function greedy(model: Module, prompt: readonly number[], count: number): Promise<readonly number[]> {
  const ids = [...prompt];
  for (let made = 0; made < count; made++) {
    const scores = (await scoresOf(model, ids)).at(-1) as Float32Array;
    ids.push(scores.indexOf(Math.max(...scores)));
  }
  return ids.slice(prompt.length);
}
