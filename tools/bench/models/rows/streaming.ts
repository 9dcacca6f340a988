/** How much memory it takes to compress a model that is larger than it. */
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { atMost, type Row } from '../../optimize/row.ts';

const sizes = { width: 1024, hidden: 4096, layers: 24, vocabulary: 256, heads: 16 };
const mib = 2 ** 20;
/** What may be in memory beside one layer in f32. */
const beside = 300 * mib;

/** A model of zeros, of which a file system that can leaves out what is not written. Its bytes, and those of a layer in f32. */
function writeModel(folder: string): { readonly bytes: number; readonly layer: number } {
  const { width, hidden, layers, vocabulary, heads } = sizes;
  const matrices: Readonly<Record<string, readonly [number, number]>> = {
    'self_attn.q_proj': [width, width],
    'self_attn.k_proj': [width, width],
    'self_attn.v_proj': [width, width],
    'self_attn.o_proj': [width, width],
    'mlp.gate_proj': [hidden, width],
    'mlp.up_proj': [hidden, width],
    'mlp.down_proj': [width, hidden],
  };
  const header: Record<string, { dtype: string; shape: readonly number[]; data_offsets: readonly [number, number] }> =
    {};
  let at = 0;
  const put = (name: string, shape: readonly number[]): void => {
    const end = at + 2 * shape.reduce((product, size) => product * size, 1);
    header[`${name}.weight`] = { dtype: 'BF16', shape, data_offsets: [at, end] };
    at = end;
  };
  put('model.embed_tokens', [vocabulary, width]);
  for (let layer = 0; layer < layers; layer++) {
    for (const [name, shape] of Object.entries(matrices)) put(`model.layers.${layer}.${name}`, shape);
    for (const norm of ['input_layernorm', 'post_attention_layernorm']) put(`model.layers.${layer}.${norm}`, [width]);
  }
  put('model.norm', [width]);
  const config = {
    model_type: 'llama',
    architectures: ['LlamaForCausalLM'],
    vocab_size: vocabulary,
    hidden_size: width,
    intermediate_size: hidden,
    num_hidden_layers: layers,
    num_attention_heads: heads,
    num_key_value_heads: heads,
    max_position_embeddings: 128,
    rms_norm_eps: 1e-5,
    rope_theta: 10_000,
    tie_word_embeddings: true,
    hidden_act: 'silu',
  };
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
  const text = JSON.stringify(header);
  const json = Buffer.from(text.padEnd(Math.ceil(text.length / 8) * 8));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  const file = openSync(join(folder, 'model.safetensors'), 'w');
  writeSync(file, Buffer.concat([length, json]));
  ftruncateSync(file, 8 + json.length + at);
  closeSync(file);
  const layer = 4 * Object.values(matrices).reduce((sum, [rows, columns]) => sum + rows * columns, 0);
  return { bytes: at, layer };
}

const main = fileURLToPath(new URL('../../../../apps/cli/dist/joined/main.js', import.meta.url));
const tellPeak = new URL('../tell-peak.mjs', import.meta.url).href;

/** The row of models larger than memory: what the command line takes, as it was built. */
export const streamingRow: Row = {
  name: 'compress/memory',
  target: 'MiB beside one layer in f32, of a model of more than twice as many bytes as are used <= 300',
  missing: () => (existsSync(main) ? undefined : 'a build (npm run build)'),
  measure: async ({ kept, folder }) => {
    const found = await kept('compress-memory', () => {
      const [model, out, peakFile] = ['model', 'small', 'peak'].map((name) => folder(`compress-memory-${name}`)) as [
        string,
        string,
        string,
      ];
      const { bytes, layer } = writeModel(model);
      const line = ['compress', model, '--method', 'rtn', '--to', 'safetensors', '-o', out, '--device', 'cpu'];
      const { status, stderr } = spawnSync(
        process.execPath,
        ['--import', tellPeak, main, ...line, '--threads', '1', '--overwrite'],
        { encoding: 'utf8', env: { ...process.env, ESPALIER_PEAK_FILE: peakFile } },
      );
      if (status !== 0) throw new Error(`espalier ${line.join(' ')} ended with ${status}: ${stderr}`);
      const peak = Number(readFileSync(peakFile, 'utf8'));
      for (const path of [model, out, `${out}.layers`, peakFile]) rmSync(path, { recursive: true, force: true });
      return Promise.resolve({ peak, bytes, layer });
    });
    const { peak, bytes, layer } = found;
    const outcome = atMost(beside / mib, (peak - layer) / mib, found);
    return { ...outcome, holds: outcome.holds && bytes >= 2 * peak };
  },
};
