/** Every error of a package has a stable code of its own, which its README lists; nothing else is thrown. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as data from '@espalier/data';
import * as dataNode from '@espalier/data/node';
import * as language from '@espalier/language';
import * as languageNode from '@espalier/language/node';
import * as models from '@espalier/models';
import * as modelsNode from '@espalier/models/node';
import * as nn from '@espalier/nn';
import * as nnNode from '@espalier/nn/node';
import * as optimize from '@espalier/optimize';
import * as optimizeNode from '@espalier/optimize/node';
import * as pipeline from '@espalier/pipeline';
import * as pipelineNode from '@espalier/pipeline/node';
import * as search from '@espalier/search';
import * as storage from '@espalier/storage';
import * as tensor from '@espalier/tensor';
import * as testing from '@espalier/testing';
import * as testingSearch from '@espalier/testing/search';
import { parseSync } from 'vite';
import { describe, expect, test } from 'vitest';
import { root, sourceFiles, workspaces } from './helpers/sources.ts';

/** What is public of each package. */
const entries: Readonly<Record<string, readonly object[]>> = {
  tensor: [tensor],
  nn: [nn, nnNode],
  data: [data, dataNode],
  models: [models, modelsNode],
  language: [language, languageNode],
  search: [search],
  storage: [storage],
  optimize: [optimize, optimizeNode],
  pipeline: [pipeline, pipelineNode],
  testing: [testing, testingSearch],
};

type Codes<Code extends string> = Readonly<Record<Code, Error>>;

const { DeviceError, OutOfMemoryError, TensorError } = tensor;
const { StorageError, StudyError } = search;
const studyError = (code: search.StudyErrorCode): Error => new StudyError(code, 'study', 'problem');

/** An error of each code. These are a promise: a code may be added, and none may change or go. */
const errors = {
  tensor: {
    tensor: new TensorError('add', 'problem'),
    shape: new tensor.ShapeError('add', 'problem'),
    dtype: new tensor.DTypeError('add', 'problem'),
    device: new DeviceError('add', 'problem'),
    'device-missing': new DeviceError('add', 'problem', 'device-missing'),
    'device-lost': new DeviceError('add', 'problem', 'device-lost'),
    'out-of-memory': new OutOfMemoryError('add', 'a value', 8, 'nothing'),
    lifetime: new tensor.LifetimeError('add', 'problem'),
    argument: new tensor.ArgumentError('add', 'problem'),
    internal: new tensor.InternalError('add', 'problem'),
  } satisfies Codes<tensor.TensorErrorCode>,
  nn: {
    'file-format': new nn.FormatError('a file', 0, 'problem'),
    divergence: new nn.DivergenceError('fit', 'problem', { step: 1, lastFiniteLoss: 2 }),
    description: new nn.ConfigError('layers', 'problem'),
    state: new nn.StateError('load', 'problem'),
    aborted: new nn.AbortError('fit', 'enough'),
  } satisfies Codes<nn.NnErrorCode>,
  language: {
    template: new language.TemplateError('chat_template', 'problem'),
  } satisfies Codes<language.LanguageErrorCode>,
  models: { onnx: new models.OnnxError('model.onnx', 'problem') } satisfies Codes<'onnx'>,
  data: { data: new data.DataError('a file', { row: 1 }, 'problem') } satisfies Codes<data.DataErrorCode>,
  search: {
    value: new search.ValueError('problem'),
    space: new search.SpaceError('x', 'problem'),
    'space-changed': new search.SpaceChangedError('study', []),
    config: new search.ConfigError('parse', []),
    exists: studyError('exists'),
    missing: studyError('missing'),
    changed: studyError('changed'),
    closed: studyError('closed'),
    options: studyError('options'),
    objectives: studyError('objectives'),
    endless: studyError('endless'),
    exhausted: new search.ExhaustedError('study', 'problem'),
    pending: new search.PendingError('study', 'problem'),
    objective: new search.ObjectiveError('problem'),
    'stale-claim': new search.StaleClaimError('study', 1, 1, 'problem'),
    storage: new StorageError('memory:', 'problem'),
    'storage-closed': new StorageError('memory:', 'problem', { code: 'storage-closed' }),
    'storage-missing': new StorageError('memory:', 'problem', { code: 'storage-missing' }),
    'storage-read-only': new StorageError('memory:', 'problem', { code: 'storage-read-only' }),
    'storage-full': new StorageError('memory:', 'problem', { code: 'storage-full' }),
    'storage-locked': new search.StorageLockedError('memory:', 'problem'),
    'storage-format': new search.FormatError('a file', 1, 'problem'),
    'trial-pruned': new search.TrialPruned(),
    'trial-failure': new search.TrialFailure('nan', 'problem'),
  } satisfies Codes<search.SearchErrorCode>,
  storage: {},
  optimize: {
    recipe: new optimize.RecipeError('prune', 'problem'),
    goal: new optimize.GoalError('size', 'problem'),
  } satisfies Codes<optimize.OptimizeErrorCode>,
  pipeline: {
    usage: new pipeline.UsageError('problem'),
    failed: new pipeline.FailedError('problem'),
    'no-device': new pipeline.NoDeviceError('problem'),
    interrupted: new pipeline.InterruptedError(),
  } satisfies Codes<pipeline.PipelineErrorCode>,
  testing: {
    check: new testing.CheckError('op', 1, '0', 'problem', undefined),
    mismatch: new testing.MismatchError('problem'),
  } satisfies Codes<testing.TestingErrorCode>,
} as const satisfies Record<string, Codes<string>>;

const packages = Object.entries<Codes<string>>(errors);
const classesOf = (name: string): string[] =>
  (entries[name] ?? []).flatMap((exports) =>
    Object.entries(exports).flatMap(([key, value]: [string, unknown]) =>
      typeof value === 'function' && value.prototype instanceof Error ? [key] : [],
    ),
  );

/** The text of what a package says of itself. */
const manual = (name: string): string =>
  ['README.md', 'GUIDE.md']
    .map((file) => join(root, 'packages', name, file))
    .filter((file) => existsSync(file))
    .map((file) => readFileSync(file, 'utf8'))
    .join('\n');

describe.each(packages)('%s', (name, codes) => {
  test('has a code for every class of errors', () => {
    const named = new Set(Object.values(codes).map((error) => error.constructor.name));
    expect(classesOf(name).filter((each) => !named.has(each))).toEqual([]);
  });

  test.each(Object.entries(codes))('%s', (code, error) => {
    expect(Reflect.get(error, 'code')).toBe(code);
    expect(error.name).toBe(error.constructor.name);
    const row = new RegExp(`^\\| \`${code}\` .*\`${error.constructor.name}\``, 'm');
    expect(manual(name)).toMatch(row);
  });
});

test('no two packages share a code', () => {
  const all = packages.flatMap(([, codes]) => Object.keys(codes));
  expect(all).toEqual([...new Set(all)]);
});

/** Errors without a code, by what makes them, and why that is right. */
const uncoded: Readonly<Record<string, string>> = {
  'apps/chat/src/page/elements.ts Error':
    'a page whose document and program are of two versions has nobody who catches',
  'packages/models/src/containers/gguf/cursor.ts NeedsMore': 'never leaves the folder: more of the file is read for it',
  'packages/storage/src/sql/checksum.ts Damage': 'never leaves the package: orDamaged makes a FormatError of it',
  'packages/storage/src/sql/engine.ts ColumnError': 'never leaves the package: orDamaged makes a FormatError of it',
  'packages/storage/src/postgres/connection.ts Error': 'never leaves its function: it becomes a QueryFailure at once',
  'packages/storage/src/postgres/connection.ts QueryFailure': 'never leaves its file: a StorageError is made of it',
  'packages/storage/src/json.ts SyntaxError':
    'as JSON.parse, which it stands for; whoever reads makes a FormatError of it',
  'packages/pipeline/src/node/workers/messages.ts Error':
    'an error from another thread, which gets the code it had there',
};

const builtIn = new Set(['Error', 'TypeError', 'RangeError', 'SyntaxError', 'EvalError', 'URIError', 'AggregateError']);

/** What is made of classes of errors in a file, and which classes it declares that have no code. */
function uncodedIn(file: string): string[] {
  const found: string[] = [];
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(visit);
    else if (typeof value === 'object' && value !== null) {
      const node = value as Readonly<Record<string, { readonly name?: string } | undefined>> & {
        readonly type: string;
      };
      const callee = node['callee']?.name ?? '';
      if (node.type === 'NewExpression' && (builtIn.has(callee) || callee === 'DOMException')) found.push(callee);
      if (node.type === 'ClassDeclaration' && builtIn.has(node['superClass']?.name ?? '')) {
        const { body } = node['body'] as { readonly body: readonly { readonly key?: { readonly name?: string } }[] };
        if (!body.some(({ key }) => key?.name === 'code')) found.push(node['id']?.name ?? '');
      }
      if (node.type === 'ThrowStatement' && /Literal/.test((node['argument'] as unknown as { type: string }).type)) {
        found.push('a literal');
      }
      Object.values(node).forEach(visit);
    }
  };
  visit(parseSync(file, readFileSync(join(root, file), 'utf8')).program);
  return [...new Set(found)].map((each) => `${file} ${each}`);
}

test('what packages and applications throw has a code', () => {
  const found = workspaces.flatMap(sourceFiles).flatMap(uncodedIn);
  expect(found.toSorted()).toEqual(Object.keys(uncoded).toSorted());
});
