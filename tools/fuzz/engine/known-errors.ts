/**
 * The errors by which the project says what is wrong with an input. Any other, such as a TypeError, is what the command
 * line calls an internal error.
 */
const known: ReadonlySet<string> = new Set([
  'ArgumentError',
  'ConfigError',
  'DataError',
  'DTypeError',
  'DeviceError',
  'DivergenceError',
  'ExhaustedError',
  'FailedError',
  'FormatError',
  'GoalError',
  'ObjectiveError',
  'OnnxError',
  'OutOfMemoryError',
  'PendingError',
  'RecipeError',
  'ShapeError',
  'SpaceChangedError',
  'SpaceError',
  'StaleClaimError',
  'StateError',
  'StorageError',
  'TemplateError',
  'StorageLockedError',
  'StudyError',
  'UsageError',
  'ValueError',
]);

/** Whether an error is one of the project's. */
export function isKnownError(error: unknown): boolean {
  return error instanceof Error && known.has(error.name) && error.message.length < 20_000;
}
