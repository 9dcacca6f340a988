/** ONNX's own tests of its operators, a selection: what is computed is right, and what is not is refused by name. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { operatorNames } from '../../src/onnx/operators/table.ts';
import { describeModel, problemOf } from './model-test.ts';

interface Packed {
  readonly name: string;
  readonly model: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

const packed = ['node-tests', 'newer-node-tests'].flatMap(
  (file) =>
    JSON.parse(
      gunzipSync(readFileSync(new URL(`golden/${file}.json.gz`, import.meta.url))).toString('utf8'),
    ) as readonly Packed[],
);
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'));

const known: ReadonlySet<string> = new Set(operatorNames());

describe.each([
  ['on the host', 1024],
  ['on the device', 0],
])('whole numbers %s', (_, hostElements) => {
  test.each(packed.map((each) => [each.name, each] as const))('%s', async (name, { model, inputs, outputs }) => {
    const files = { name, model: bytes(model), inputs: inputs.map(bytes), outputs: outputs.map(bytes) };
    const { operators } = await describeModel(files.model);
    const missing = operators.find((each) => !known.has(each));
    if (missing === undefined) expect(await problemOf(files, hostElements)).toBeUndefined();
    else await expect(problemOf(files, hostElements)).rejects.toThrow(missing);
  });
});
