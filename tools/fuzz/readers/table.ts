/** Every reader in one list. What each may take that is more than usual stands with it as `limit`, and what its inputs stand for it tells by `passed`. */
import type { Reader } from '../engine/reader.ts';
import { answersReader } from './answers.ts';
import { checkpointReader } from './checkpoint.ts';
import { csvIndexReader } from './csv-index.ts';
import { encodedReader } from './encoded.ts';
import { codedWeightsReader, symbolsReader } from './entropy.ts';
import { familyConfigReader, familyGgufReader } from './families.ts';
import { ggufReader, safetensorsIndexReader, safetensorsRangeReader } from './gguf.ts';
import { goalsReader } from './goals.ts';
import { idxReader } from './idx.ts';
import { journalReader } from './journal.ts';
import { ggufVocabularyReader, templateReader, tokenizerReader } from './language.ts';
import { lockFileReader } from './lock-file.ts';
import { layoutsReader, modelReader } from './model-folder.ts';
import { numpyReader } from './numpy.ts';
import { codedOnnxReader, onnxReader } from './onnx.ts';
import { optunaReader } from './optuna.ts';
import { outputReader } from './output.ts';
import { passesReader } from './passes.ts';
import { jpegReader, packedIdxReader, picturePreparationReader, pngReader, webpReader } from './pictures.ts';
import { savedPreparationReader, textPreparationReader } from './preparations.ts';
import { pluginsReader } from './plugins.ts';
import { pytorchLegacyReader, pytorchReader } from './pytorch.ts';
import { quantizedReader } from './quantized.ts';
import { recipeReader } from './recipe.ts';
import { runStateReader } from './run-state.ts';
import { safetensorsReader } from './safetensors.ts';
import { spaceReader } from './space.ts';
import { sqliteReader } from './sqlite.ts';
import { storageUrlReader } from './storage-url.ts';
import { storedTaskReader } from './stored-task.ts';
import { studyLogReader } from './study-log.ts';
import { arrowReader, csvBytesReader, csvReader, jsonLinesReader, parquetReader, preparationReader } from './tables.ts';

/** Every reader of the project. */
export const readers: readonly Reader[] = [
  safetensorsReader,
  safetensorsRangeReader,
  safetensorsIndexReader,
  ggufReader,
  familyConfigReader,
  familyGgufReader,
  tokenizerReader,
  ggufVocabularyReader,
  templateReader,
  quantizedReader,
  pytorchReader,
  pytorchLegacyReader,
  numpyReader,
  idxReader,
  modelReader,
  layoutsReader,
  encodedReader,
  symbolsReader,
  codedWeightsReader,
  checkpointReader,
  answersReader,
  recipeReader,
  passesReader,
  runStateReader,
  storedTaskReader,
  spaceReader,
  pluginsReader,
  studyLogReader,
  journalReader,
  lockFileReader,
  sqliteReader,
  onnxReader,
  codedOnnxReader,
  optunaReader,
  storageUrlReader,
  goalsReader,
  outputReader,
  csvReader,
  csvBytesReader,
  csvIndexReader,
  jsonLinesReader,
  parquetReader,
  arrowReader,
  preparationReader,
  pngReader,
  jpegReader,
  webpReader,
  packedIdxReader,
  picturePreparationReader,
  textPreparationReader,
  savedPreparationReader,
];
