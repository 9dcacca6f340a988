/** The answers of a teacher to all examples of a dataset, each computed once. */
import type { Dataset } from '@espalier/nn';
import { compile, fromBytes, noGrad, warnOnce, type Device, type Tensor } from '@espalier/tensor';
import { RecipeError } from '../../errors.ts';
import type { Answers } from '../places.ts';
import { sha256, sha256Of } from '../../sha256.ts';
import { checksum } from './digest.ts';
import { decodeShard, encodeShard, rowBytes, type AnswerType, type ShardRows } from './shard.ts';
import type { TeacherCache } from './teacher-cache.ts';

/** A teacher whose answers are kept. */
export interface CachedTeacher {
  readonly cache: TeacherCache;
  /** The pass, for errors. */
  readonly place: string;
  readonly name: string;
  /** What its answers are a function of, besides the example. */
  readonly digest: string;
  /** What each place gives for one example. */
  readonly types: ReadonlyMap<string, AnswerType>;
  /** Tensor work on a batch. */
  readonly answer: (x: Tensor) => Answers;
  readonly device: Device;
}

/** About how large a file is, and how many examples go through the teacher at once. */
const [shardBytes, mostRows, batchSize] = [2 ** 24, 4096, 256];
const defaultMemoryBytes = 2 ** 28;

/** Where the rows of a place begin in a file, and by what they are known again. */
interface RowsInFile {
  readonly offset: number;
  readonly checksums: Uint32Array;
}

/** A file that was found whole. What is not held in memory is compared with checksums of its rows, whenever it is read. */
interface Shard {
  readonly name: string;
  readonly rows?: ShardRows;
  readonly places: ReadonlyMap<string, RowsInFile>;
}

/**
 * The answers to a dataset whose examples are the same whenever they are read. Files are named by the teacher, the places and
 * the examples that they hold answers to: what is there is used if it is whole, and what is not is computed and written.
 */
export class CachedAnswers {
  readonly #teacher: CachedTeacher;
  readonly #shards: readonly Shard[];
  readonly #perShard: number;

  private constructor(teacher: CachedTeacher, shards: readonly Shard[], perShard: number) {
    this.#teacher = teacher;
    this.#shards = shards;
    this.#perShard = perShard;
  }

  /** @throws {RecipeError} for examples that are others each time they are read. */
  static async of(teacher: CachedTeacher, data: Dataset): Promise<CachedAnswers> {
    const { types, cache, place } = teacher;
    const bytes = [...types.values()].reduce((sum, type) => sum + rowBytes(type), 0);
    const perShard = Math.max(1, Math.min(mostRows, Math.floor(shardBytes / bytes)));
    const isHeld = bytes * data.size <= (cache.memoryBytes ?? defaultMemoryBytes);
    await checkRepeatable(place, data);
    const answering = compile((x: Tensor) => noGrad(() => Object.fromEntries(teacher.answer(x))));
    const shards: Shard[] = [];
    try {
      for (let begin = 0; begin < data.size; begin += perShard) {
        const examples = Int32Array.from({ length: Math.min(perShard, data.size - begin) }, (_, row) => begin + row);
        const inputs = await digestOfInputs(data, examples);
        const key = await sha256Of(JSON.stringify([teacher.digest, [...types], inputs]));
        const name = `${key}.safetensors`;
        const file = await fileOf(teacher, name, key, examples.length, () =>
          computed(answering, types, data, examples),
        );
        const rows = (await decodeShard(file, key, types, examples.length)) as ShardRows;
        shards.push(shardOf(name, file, rows, types, isHeld));
      }
    } finally {
      answering.dispose();
    }
    return new CachedAnswers(teacher, shards, perShard);
  }

  /** The answers to some examples. */
  async load(indices: Int32Array): Promise<Map<string, Tensor>> {
    const { types, device } = this.#teacher;
    const found = new Map<string, Tensor>();
    for (const [at, type] of types) {
      const size = rowBytes(type);
      const bytes = new Uint8Array(indices.length * size);
      for (const [row, index] of indices.entries()) {
        const shard = this.#shards[Math.floor(index / this.#perShard)] as Shard;
        bytes.set(await this.#row(shard, at, index % this.#perShard, size), row * size);
      }
      found.set(at, fromBytes(bytes, [indices.length, ...type.shape], { dtype: type.dtype, device }));
    }
    return found;
  }

  async #row(shard: Shard, at: string, row: number, size: number): Promise<Uint8Array> {
    const held = shard.rows?.get(at);
    if (held) return held.subarray(row * size, (row + 1) * size);
    const { offset, checksums } = shard.places.get(at) as RowsInFile;
    const bytes = await this.#teacher.cache.readPart(shard.name, offset + row * size, size);
    if (bytes.length === size && checksum(bytes) === checksums[row]) return bytes;
    throw new RecipeError(
      this.#teacher.place,
      `${shard.name} was changed while its answers were used; leave the cache alone, and distil again`,
    );
  }
}

/** The file of a shard: the one that is there if it is whole, else a new one, which is put in its place. */
async function fileOf(
  { cache, place, name, types }: CachedTeacher,
  file: string,
  key: string,
  count: number,
  compute: () => Promise<ShardRows>,
): Promise<Uint8Array> {
  const kept = await cache.read(file);
  if (kept && (await decodeShard(kept, key, types, count))) return kept;
  if (kept)
    warnOnce(
      cache,
      `${place}: the answers of the teacher '${name}' in ${file} are damaged; they are not used, and computed again`,
    );
  const made = await encodeShard(key, types, await compute(), count);
  await cache.write(file, made);
  return made;
}

/** What is remembered of a file: its rows, or what is enough to read them again and to see that they are the same. */
function shardOf(
  name: string,
  file: Uint8Array,
  rows: ShardRows,
  types: CachedTeacher['types'],
  isHeld: boolean,
): Shard {
  if (isHeld) return { name, rows, places: new Map() };
  const places = new Map<string, RowsInFile>();
  for (const [at, type] of types) {
    const bytes = rows.get(at) as Uint8Array;
    const size = rowBytes(type);
    const checksums = Uint32Array.from({ length: bytes.length / size }, (_, row) =>
      checksum(bytes.subarray(row * size, (row + 1) * size)),
    );
    places.set(at, { offset: bytes.byteOffset - file.byteOffset, checksums });
  }
  return { name, places };
}

/** What a teacher answers to some examples. */
async function computed(
  answering: (x: Tensor) => Readonly<Record<string, Tensor>>,
  types: CachedTeacher['types'],
  data: Dataset,
  examples: Int32Array,
): Promise<ShardRows> {
  const rows = new Map<string, Uint8Array>();
  for (const [at, type] of types) rows.set(at, new Uint8Array(examples.length * rowBytes(type)));
  for (let begin = 0; begin < examples.length; begin += batchSize) {
    const { x, y } = await data.batch(examples.subarray(begin, begin + batchSize));
    const answers = answering(x);
    for (const [at, type] of types) {
      const bytes = await (answers[at] as Tensor).bytes();
      rows.get(at)?.set(bytes, begin * rowBytes(type));
    }
    for (const tensor of [x, y, ...Object.values(answers)]) tensor.dispose();
  }
  return rows;
}

/** SHA-256 of inputs, as a model sees them. */
async function digestOfInputs(data: Dataset, examples: Int32Array): Promise<string> {
  const digests: string[] = [];
  for (let begin = 0; begin < examples.length; begin += batchSize) {
    const { x, y } = await data.batch(examples.subarray(begin, begin + batchSize));
    digests.push(await sha256(await x.bytes()), `${x.dtype} [${x.shape.join(', ')}]`);
    for (const tensor of [x, y]) tensor.dispose();
  }
  return digests.join(' ');
}

/** @throws {RecipeError} for examples that are others when they are read again. */
async function checkRepeatable(place: string, data: Dataset): Promise<void> {
  const some = Int32Array.from({ length: Math.min(batchSize, data.size) }, (_, index) => index);
  if ((await digestOfInputs(data, some)) === (await digestOfInputs(data, some))) return;
  throw new RecipeError(
    place,
    'the cache holds one answer for each example, and the examples are others each time they are read (augmentation); leave out cache, or the augmentation',
  );
}
