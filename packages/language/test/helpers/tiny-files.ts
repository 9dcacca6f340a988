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
  type TensorSource,
  type WriteFile,
} from '@espalier/models';
import { build } from '@espalier/nn';
import { Generator, randn } from '@espalier/tensor';

/** A model of two layers, 64 wide, as a GGUF file of floats. */
export async function tinyFile(vocabulary = 32, sizes: Readonly<Record<string, number>> = {}): Promise<TensorSource> {
  registerFamilies();
  const generator = new Generator(5);
  const model = {
    type: 'llama',
    vocabulary,
    width: 64,
    layers: 2,
    heads: 4,
    keyValueHeads: 2,
    hidden: 96,
    context: 128,
    tied: true,
    ...sizes,
  };
  const module = build(model);
  for (const { value } of module.parameters())
    if (value.rank === 2) value.assign(randn(value.shape, { generator }).mul(0.3));
  const description = {
    family: 'llama',
    model,
    said: 'llama',
    format: 'gguf',
    metadata: {},
    notes: [],
    unused: [],
  } as const;
  const sink = memorySink();
  await writeModelGguf(sink, { module: module.eval(), description });
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
