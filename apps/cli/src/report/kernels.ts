/** What the compressed weights of a run were computed by, as rows of a table. */
import type { ReportRow, WeightKernel } from '@espalier/pipeline';

/** The headings of a table of kernels; the last column is the widest. */
export const kernelHeadings = ['model', 'weight', 'stored as', 'runs', 'why'] as const;

/** How a stored weight and what it runs on are told, wherever they are. */
export function describeKernel({ kernel, reason }: Pick<WeightKernel, 'kernel' | 'reason'>): string {
  return `${kernel === 'own' ? 'as stored' : 'dense'}: ${reason}`;
}

/** A row for each weight that is stored in a format, in the order of the models. */
export function kernelRows(rows: readonly ReportRow[]): readonly (readonly string[])[] {
  return rows.flatMap(({ name: model, kernels = [] }) =>
    kernels.map(({ name, shape, layout, format, kernel, reason }) => [
      model,
      `${name} ${shape.join(' × ')}`,
      `${layout} ${format}`,
      kernel === 'own' ? 'as stored' : 'dense',
      reason,
    ]),
  );
}
