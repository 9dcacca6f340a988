/** @espalier/data: tables, pictures and text as datasets. */
export { bytesOf, type ByteSource } from '@espalier/nn/format';
export { DataError, type DataErrorCode, type DataPlace } from './errors.ts';
export {
  cellOf,
  type BooleanColumn,
  type Cell,
  type Column,
  type ColumnType,
  type NumberColumn,
  type TextColumn,
} from './table/column.ts';
export { readArrow } from './table/columnar/read-arrow.ts';
export { readParquet } from './table/columnar/read-parquet.ts';
export type { CsvDialect, CsvOptions, CsvSettings, KnownColumn } from './table/csv/layout.ts';
export { missingWords } from './table/csv/missing.ts';
export { indexCsv, readCsv, readCsvPart, type CsvIndex, type CsvPart } from './table/csv/read-csv.ts';
export { tableOf } from './table/from-values.ts';
export { readJsonLines } from './table/json/read-json-lines.ts';
export { Table } from './table/table.ts';
export type { PictureFit } from './pictures/picture-dataset.ts';
export { byteTokens, byteVocabulary } from './prepare/bytes.ts';
export type { Encoding, EncodingType, Features, NamedColumn } from './prepare/encoding.ts';
export { fitPreparation, PreparationFitter, type EncodingChoice, type PreparationOptions } from './prepare/fit.ts';
export {
  encodingTypes,
  Preparation,
  registerEncoding,
  type Ignored,
  type PreparationConfig,
} from './prepare/preparation.ts';
export { decodeNumbers, type ClassTarget, type LabelTarget, type NumberTarget, type Target } from './prepare/target.ts';
export type { ColumnFacts, PlacedCell, TextFacts } from './schema/facts.ts';
export type { NumberSummary } from './schema/numbers.ts';
export { schemaOf, type ColumnKind, type ColumnSchema, type SchemaOptions, type TableSchema } from './schema/schema.ts';
export { inOrderOfValues, type ValueCount } from './schema/values.ts';
export { classWeights } from './split/class-weights.ts';
export { kFolds, type Fold } from './split/folds.ts';
export { lotsOf, rowsByLot, type Lots } from './split/lots.ts';
export { splitRows, type SplitOptions } from './split/split.ts';
export { baselines, heldBaselines, type Baseline, type HeldRows } from './task/baselines.ts';
export type { Judged } from './task/judged.ts';
export type { Measures } from './task/metrics/classes.ts';
export { taskNamed, taskOf, tasks, type Task, type TaskName } from './task/task.ts';
export { csvStream, type CsvStreamOptions } from './stream/csv-stream.ts';
export { csvTables, type CsvChoice } from './stream/csv-tables.ts';
export type { PartRows, RowShape, Shards } from './stream/shards.ts';
export {
  leastMemory,
  streamed,
  type StreamedDataset,
  type StreamOptions,
  type StreamState,
} from './stream/streamed.ts';
export { tokenStream, type TokenStreamOptions } from './stream/token-stream.ts';
export {
  describeTable,
  type DescribedClass,
  type DescribedColumn,
  type DescribeOptions,
  type TableDescription,
} from './describe/describe.ts';
export { foldTable, type FoldedTable } from './describe/fold-table.ts';
export { fewestRows, partRows, partTable, type PartedTable, type PartOptions } from './describe/part-table.ts';
export { augmented, type AugmentedDataset, type AugmentOptions, type AugmentState } from './augment/augmented.ts';
export { augmentationFlaw, type Augmentation } from './augment/entries.ts';
export {
  byteCount,
  bytesOfTokens,
  decodeTokens,
  encodeText,
  learnBytePairs,
  type BytePairs,
} from './text/byte-pairs.ts';
