/** Texts: joined, split, made plain, counted. */
import { broadcastShapes } from '@espalier/tensor';
import type { Call } from '../run/call.ts';
import { operator, type Operator } from '../run/operator.ts';
import { countOf, type HostArray } from '../values/host-array.ts';
import { OnnxTensor } from '../values/value.ts';

const textsOf = (call: Call, index: number): HostArray<string> => {
  const value = call.input(index);
  if (value.type !== 'string') call.refuse(`its input ${index} is no text`);
  return value.host() as HostArray<string>;
};

const concatenate = operator('StringConcat', (call) => {
  const [a, b] = [textsOf(call, 0), textsOf(call, 1)];
  const shape = broadcastShapes('StringConcat', a.shape, b.shape);
  const [left, right] = [a.expand(shape).data, b.expand(shape).data];
  return OnnxTensor.texts(
    left.map((text, index) => `${text}${right[index] ?? ''}`),
    shape,
  );
});

/** Words between delimiters, of which the last has the rest; without a delimiter, between spaces. */
function words(text: string, delimiter: string | undefined, most: number): string[] {
  const isSpace = delimiter === undefined || delimiter === '';
  const whole = isSpace ? text.trim() : text;
  if (isSpace && whole === '') return [];
  const found: string[] = [];
  let rest = whole;
  while (found.length < most) {
    const match = isSpace ? /\s+/.exec(rest) : undefined;
    const at = isSpace ? (match?.index ?? -1) : rest.indexOf(delimiter);
    if (at < 0) break;
    found.push(rest.slice(0, at));
    rest = rest.slice(at + (isSpace ? (match?.[0].length ?? 1) : delimiter.length));
  }
  return [...found, rest];
}

const split = operator('StringSplit', (call) => {
  const x = textsOf(call, 0);
  const most = call.real('maxsplit', Number.POSITIVE_INFINITY);
  const parts = x.data.map((text) => words(text, call.text('delimiter', undefined), most));
  const width = parts.reduce((longest, each) => Math.max(longest, each.length), 0);
  const padded = parts.flatMap((each) => [...each, ...new Array<string>(width - each.length).fill('')]);
  return [
    OnnxTensor.texts(padded, [...x.shape, width]),
    OnnxTensor.numbers(
      'i64',
      parts.map((each) => each.length),
      x.shape,
    ),
  ];
});

const normalize = operator('StringNormalizer', (call) => {
  const x = textsOf(call, 0);
  const action = call.text('case_change_action', 'NONE');
  const changed = (text: string): string =>
    action === 'LOWER' ? text.toLowerCase() : action === 'UPPER' ? text.toUpperCase() : text;
  const sensitive = call.truth('is_case_sensitive');
  const folded = (text: string): string => (sensitive ? text : text.toLowerCase());
  const stops = new Set(call.texts('stopwords', []).map(folded));
  if (x.shape.length === 2 && x.shape[0] !== 1) call.refuse(`takes one row of texts, not [${x.shape.join(', ')}]`);
  const kept = x.data.filter((text) => !stops.has(folded(text))).map(changed);
  const some = kept.length === 0 ? [''] : kept;
  return OnnxTensor.texts(some, x.shape.length === 2 ? [1, some.length] : [some.length]);
});

/** How often each of some runs of words or numbers occurs, with words in between left out. */
const tfIdf = operator('TfIdfVectorizer', (call) => {
  const x = call.input(0);
  const [least, most, skips] = [
    call.real('min_gram_length', 1),
    call.real('max_gram_length', 1),
    call.real('max_skip_count', 0),
  ];
  const starts = call.list('ngram_counts', []);
  const places: readonly number[] = call.list('ngram_indexes', []);
  const pool: readonly (number | string)[] = call.list('pool_int64s', undefined) ?? call.texts('pool_strings', []);
  const weights = call.list('weights', undefined);
  const mode = call.text('mode', 'TF');
  const known = new Map<string, number>();
  let gram = 0;
  for (const [index, start] of starts.entries()) {
    const length = index + 1;
    for (let at = start; at + length <= (starts[index + 1] ?? pool.length); at += length) {
      const key = JSON.stringify(pool.slice(at, at + length));
      if (length >= least && length <= most && !known.has(key)) known.set(key, gram);
      gram++;
    }
  }
  const width = places.reduce((largest, place) => Math.max(largest, place), -1) + 1;
  const rows = x.shape.length === 2 ? (x.shape[0] as number) : 1;
  const { data } = x.host();
  const size = data.length / Math.max(1, rows);
  const counts = new Array<number>(rows * width).fill(0);
  const note = (row: number, tokens: readonly (number | string)[]): void => {
    const found = known.get(JSON.stringify(tokens));
    const place = found === undefined ? undefined : places[found];
    if (place !== undefined) counts[row * width + place] = (counts[row * width + place] as number) + 1;
  };
  for (let row = 0; row < rows; row++) {
    const tokens = data.slice(row * size, (row + 1) * size);
    // Runs of one word are the same whatever is skipped.
    if (least === 1) for (const token of tokens) note(row, [token]);
    for (let skip = 1; skip <= skips + 1; skip++)
      for (let length = Math.max(2, least); length <= most; length++)
        for (let start = 0; start + (length - 1) * skip < tokens.length; start++)
          note(
            row,
            Array.from({ length }, (_, index) => tokens[start + index * skip] as number | string),
          );
  }
  const weighted = counts.map((value, index) => {
    const own = weights?.[places.indexOf(index % width)] ?? 1;
    if (mode === 'TF') return value;
    return mode === 'IDF' ? (value > 0 ? own : 0) : value * own;
  });
  return OnnxTensor.numbers('f32', weighted, x.shape.length === 2 ? [rows, width] : [width]);
});

/** A value for each of some keys, of texts or numbers, and another for all others. */
const labelEncoder = operator(
  'LabelEncoder',
  (call) => {
    const x = call.input(0);
    const table = (name: string): readonly (number | string)[] | undefined => {
      const tensor = call.attribute(`${name}_tensor`);
      if (tensor instanceof OnnxTensor) return tensor.host().data;
      return (
        call.texts(`${name}_strings`, undefined) ??
        call.list(`${name}_int64s`, undefined) ??
        call.list(`${name}_floats`, undefined)
      );
    };
    const [keys, values] = [table('keys') ?? [], table('values') ?? []];
    const tensor = call.attribute('values_tensor');
    const known = new Map(keys.map((key, index) => [key, values[index]]));
    const isText = typeof values[0] === 'string';
    const usual = call.attribute('default_tensor');
    const [first] = usual instanceof OnnxTensor ? usual.host().data : [];
    const isFloat = call.attribute('values_floats') !== undefined;
    const usualNumber = isFloat ? call.real('default_float', -0) : call.real('default_int64', -1);
    const other: number | string = first ?? (isText ? call.text('default_string', '_Unused') : usualNumber);
    // A NaN among the keys is found, too.
    const found = x.host().data.map((key) => known.get(key) ?? other);
    if (isText) return OnnxTensor.texts(found as string[], x.shape);
    const type = tensor instanceof OnnxTensor ? tensor.type : isFloat ? 'f32' : 'i64';
    return OnnxTensor.numbers(type, found as number[], x.shape);
  },
  { domain: 'ai.onnx.ml' },
);

const features = operator(
  'ArrayFeatureExtractor',
  (call) => {
    const [x, indices] = [call.input(0), call.numbers(1) ?? []];
    const size = x.shape.at(-1) ?? 1;
    const rows = countOf(x.shape) / size;
    const { data } = x.host();
    const picked = Array.from({ length: rows }, (_, row) =>
      indices.map((index) => data[row * size + index] as number),
    ).flat();
    return OnnxTensor.numbers(x.type, picked, [...(x.shape.length === 1 ? [1] : x.shape.slice(0, -1)), indices.length]);
  },
  { domain: 'ai.onnx.ml' },
);

const binarizer = operator(
  'Binarizer',
  (call) => call.give(call.input(0).type, call.tensor(0).gt(call.real('threshold', 0))),
  {
    domain: 'ai.onnx.ml',
  },
);

/** Texts, and the first steps of classical models. */
export const textOperators: readonly Operator[] = [
  concatenate,
  split,
  normalize,
  tfIdf,
  labelEncoder,
  features,
  binarizer,
];
