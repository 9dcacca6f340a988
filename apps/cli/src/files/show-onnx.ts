/** What is in an ONNX file: what it takes and gives, and which operators it needs. */
import { describeOnnx, type OnnxDescription } from '@espalier/models';
import { fileBytes } from '@espalier/models/node';
import type { Session } from '../cli/session.ts';
import { formatBytes, formatCount } from '../terminal/format.ts';
import { renderTable } from '../terminal/table.ts';
import { bytesOfFile } from './write-model.ts';

type Declared = OnnxDescription['inputs'][number];

const declaredText = ({ name, type, shape }: Declared): string =>
  [name, type ?? '', shape ? `[${shape.map((size) => (size === '' ? '?' : size)).join(', ')}]` : '']
    .filter((part) => part !== '')
    .join(' ');

/** Shows what a file says of itself; its weights are not read. */
export async function showOnnx(session: Session, path: string): Promise<void> {
  const source = await fileBytes(path);
  const { tensors, ...said } = await describeOnnx(source).finally(() => source.close());
  const { inputs, outputs, opsets, operators, producer } = said;
  const parameters = tensors.reduce((sum, { elements, isFloat }) => sum + (isFloat ? elements : 0), 0);
  const unknown = operators.filter(({ isKnown }) => !isKnown).map(({ name }) => name);
  const bytes = bytesOfFile(path);
  session.result({ file: path, format: 'onnx', ...said, unknown, tensors, parameters, bytes }, () => {
    const columns = [{ heading: 'operator' }, { heading: 'nodes', align: 'right' }, { heading: '' }] as const;
    const cells = operators.map(({ name, count, isKnown }) => [name, formatCount(count), isKnown ? '' : 'not here']);
    const list = (each: readonly Declared[]): string => each.map(declaredText).join('; ');
    const versions = Object.entries(opsets).map(([domain, version]) => `${domain} ${version}`);
    return [
      renderTable(columns, cells, session.stdout),
      '',
      `inputs: ${list(inputs)}`,
      `outputs: ${list(outputs)}`,
      `operators of ${versions.join(', ')}${producer === '' ? '' : `; written by ${producer}`}`,
      ...(unknown.length === 0 ? [] : [`it cannot be imported: there is no ${unknown.join(', ')} here`]),
      `${formatCount(parameters)} parameters in ${formatCount(tensors.length)} tensors; ${formatBytes(bytes)} on disk`,
    ].join('\n');
  });
}
