/** What is in a file of tensors, tensor by tensor. */
import { isReadable, readTensor, type TensorSource } from '@espalier/models';
import type { Module } from '@espalier/nn';
import type { Session } from '../cli/session.ts';
import { formatBytes, formatCount, formatPercent } from '../terminal/format.ts';
import { renderTable } from '../terminal/table.ts';
import { bytesOfFile } from './write-model.ts';
import { withModelFile, type OpenedModel } from './model-file.ts';

interface TensorRow {
  readonly tensor: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly elements: number;
  /** Undefined of what there are no tensors of here. */
  readonly nonZeros: number | undefined;
  readonly bytes: number;
  /** The name that it shares its values with. */
  readonly tied: string | undefined;
}

async function rowOf(source: TensorSource, tensor: string): Promise<TensorRow> {
  const { dtype, shape, bytes } = source.tensors.get(tensor) as {
    dtype: string;
    shape: readonly number[];
    bytes: number;
  };
  const elements = shape.reduce((product, size) => product * size, 1);
  let nonZeros: number | undefined;
  if (isReadable(dtype)) {
    const read = await readTensor(source, tensor);
    nonZeros = 0;
    for (const value of await read.data()) if (value !== 0) nonZeros += 1;
    read.dispose();
  }
  return { tensor, dtype, shape, elements, nonZeros, bytes, tied: source.ties.get(tensor) };
}

/** What of a model is known beside its tensors, in a line. */
function describeLayers({ imported, source }: OpenedModel): string {
  const { by, note } = imported;
  if (by === 'module') return `${source.format}: a whole module, all layers of which are known`;
  return note === undefined
    ? `${source.format}: tensors`
    : `${source.format}: a whole module, of which the tensors are known (${note})`;
}

/** Shows the tensors of a file. */
export async function showFile(session: Session, path: string, key: string | undefined): Promise<void> {
  const shown = await withModelFile(path, key === undefined ? {} : { key }, async (opened) => {
    const { source, imported } = opened;
    const tensors: TensorRow[] = [];
    for (const name of source.tensors.keys()) tensors.push(await rowOf(source, name));
    const model = imported.by === 'tensors' ? undefined : imported.module.config();
    return { tensors, format: source.format, metadata: source.metadata, model, said: describeLayers(opened) };
  });
  const { said, ...facts } = shown;
  session.result({ file: path, ...facts, bytes: bytesOfFile(path) }, () => {
    const right = { align: 'right' } as const;
    const columns = [
      { heading: 'tensor' },
      { heading: 'dtype' },
      { heading: 'shape' },
      { heading: 'elements', ...right },
      { heading: 'non-zero', ...right },
      { heading: 'bytes', ...right },
      { heading: 'tied to' },
    ];
    const cells = shown.tensors.map(({ tensor, dtype, shape, elements, nonZeros, bytes, tied }) => [
      tensor,
      dtype,
      shape.join(' × '),
      formatCount(elements),
      nonZeros === undefined || elements === 0 ? '' : formatPercent(nonZeros / elements, 1),
      formatBytes(bytes),
      tied ?? '',
    ]);
    return `${renderTable(columns, cells, session.stdout)}\n\n${said}; ${formatBytes(bytesOfFile(path))} on disk`;
  });
}

/** Shows a saved model of which the tensors are known and the layers are not. */
export async function showTensors(session: Session, folder: string, model: Module, bytes: number): Promise<void> {
  const rows = await Promise.all(
    [...model.namedParameters()].map(async ([tensor, parameter]) => {
      const { shape, size, stored, dtype } = parameter;
      let nonZeros = 0;
      for (const value of await parameter.value.data()) if (value !== 0) nonZeros += 1;
      return { tensor, shape, elements: size, nonZeros, stored: stored?.matrix.format.name ?? dtype };
    }),
  );
  session.result({ folder, tensors: rows, bytes }, () => {
    const right = { align: 'right' } as const;
    const columns = [
      { heading: 'tensor' },
      { heading: 'shape' },
      { heading: 'elements', ...right },
      { heading: 'non-zero', ...right },
      { heading: 'stored as' },
    ];
    const cells = rows.map(({ tensor, shape, elements, nonZeros, stored }) => [
      tensor,
      shape.join(' × '),
      formatCount(elements),
      elements === 0 ? '' : formatPercent(nonZeros / elements, 1),
      stored,
    ]);
    return `${renderTable(columns, cells, session.stdout)}\n\nits layers are not known; ${formatBytes(bytes)} on disk`;
  });
}
