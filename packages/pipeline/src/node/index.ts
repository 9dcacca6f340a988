/** @espalier/pipeline/node: what needs folders, files, threads and processes. */
import './built-in.ts';

export { keepPlans } from './kept-plans.ts';
export { loadModelFolder } from './load-model.ts';
export { idxSource, mnistSource } from './idx-source.ts';
export { picturePipeline, type PictureRun, type PlannedPictures } from './pictures/picture-pipeline.ts';
export { checkSurvey, openPictures, type OpenedPictures, type PictureUse } from './pictures/open-pictures.ts';
export { openText, type OpenedTexts, type TextPreparation, type TextUse } from './text/open-text.ts';
export { textPipeline, type TextRun } from './text/text-pipeline.ts';
export { isLarger, usualMemory } from './stream/memory.ts';
export { openStreamedTable, type StreamedTable, type StreamedTableUse } from './stream/open-stream.ts';
export { openTokens, tokenTypeOf, type OpenedTokens, type TokensUse, type TokenType } from './stream/open-tokens.ts';
export { streamedTablePipeline, type StreamedTableRun } from './stream/stream-pipeline.ts';
export { tokensPipeline, type TokensRun } from './stream/tokens-pipeline.ts';
export { tablePipeline, type TableLesson, type TableRun } from './table/table-pipeline.ts';
export {
  columnOptions,
  knownColumns,
  openTable,
  type ColumnUse,
  type OpenedTable,
  type TableUse,
} from './table/open-table.ts';
export { openRunState, stateFile } from './run-state.ts';
export { runInFolder, reportFile, type FolderRun } from './run-in-folder.ts';
export { receiveError, sendError, type SentError } from './workers/messages.ts';
export { openPlace } from './workers/open-place.ts';
export { withRunner, type RunnerOptions } from './workers/runner.ts';
export type { StartWorker, WorkerHandle, WorkerListener, WorkerPlace } from './workers/worker-handle.ts';
export type { WorkerHost } from './workers/worker-host.ts';
