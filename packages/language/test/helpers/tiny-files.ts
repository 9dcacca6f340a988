/** Language models with matrices that blocks divide, as files in memory. */
import {
  bytesOf,
  memorySink,
  openHuggingFace,
  openTensors,
  registerFamilies,
  writeModelGguf,
  type FindFile,
  type ModelFolder,
  type OpenedModel,
  type TensorSource,
  type WriteFile,
} from '@espalier/models';
import { build } from '@espalier/nn';
import { Generator, randn } from '@espalier/tensor';

/** How a model is drawn. */
export interface Drawn {
  readonly seed?: number;
  readonly scale?: number;
  readonly special?: NonNullable<OpenedModel['description']['special']>;
}

/** A model of two layers of four heads with drawn weights, as if it came from a GGUF file. */
export function tinyOpened(
  sizes: Readonly<Record<string, number | boolean>>,
  { seed = 5, scale = 0.3, special }: Drawn = {},
): OpenedModel {
  registerFamilies();
  const model = { type: 'llama', layers: 2, heads: 4, keyValueHeads: 2, ...sizes };
  const module = build(model);
  const generator = new Generator(seed);
  for (const { value } of module.parameters())
    if (value.rank === 2) value.assign(randn(value.shape, { generator }).mul(scale));
  const said = { family: 'llama', model, said: 'llama', format: 'gguf', metadata: {}, notes: [], unused: [] } as const;
  return { module: module.eval(), description: { ...said, ...(special && { special }) } };
}

/** A model of two layers, 64 wide, as a GGUF file of floats. */
export async function tinyFile(vocabulary = 32, sizes: Readonly<Record<string, number>> = {}): Promise<TensorSource> {
  const sink = memorySink();
  await writeModelGguf(sink, tinyOpened({ vocabulary, width: 64, hidden: 96, context: 128, tied: true, ...sizes }));
  return openTensors(bytesOf(sink.bytes(), 'tiny.gguf'));
}

/** Files in memory. */
export interface MemoryFiles {
  readonly files: Map<string, Uint8Array<ArrayBuffer>>;
  readonly find: FindFile;
  readonly write: WriteFile;
  readonly open: () => Promise<ModelFolder>;
}

/** A folder in memory. */
export function memoryFiles(): MemoryFiles {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  const find: FindFile = async (name) => {
    const bytes = files.get(name);
    return bytes && bytesOf(bytes, name);
  };
  const write: WriteFile = async (name, fill) => {
    const sink = memorySink();
    await fill(sink);
    files.set(name, sink.bytes());
  };
  return { files, find, write, open: () => openHuggingFace(find, 'folder') };
}
