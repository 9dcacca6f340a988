/** `espalier inspect`: what a saved model consists of, layer by layer. */
import type { Command } from 'commander';
import { Tensors } from '@espalier/models';
import { summary } from '@espalier/nn';
import { measureCost } from '@espalier/optimize';
import { folderBytes } from '@espalier/optimize/node';
import { openDevice } from '@espalier/pipeline';
import { loadModelFolder } from '@espalier/pipeline/node';
import { withCommonOptions, withExamples } from '../cli/options.ts';
import { withPlugins } from '../cli/plugin.ts';
import { openSession, type CommonOptions, type Environment } from '../cli/session.ts';
import { UsageError } from '../errors.ts';
import { describeKernel } from '../report/kernels.ts';
import { formatBytes, formatCount, formatMacs, formatPercent } from '../terminal/format.ts';
import { renderTable } from '../terminal/table.ts';
import { checkModelFolder, isFile, isOnnx } from '../files/model-file.ts';
import { showFile, showTensors } from '../files/show-file.ts';
import { showOnnx } from '../files/show-onnx.ts';
import { keyOption, modelArgument } from './file-options.ts';

/** A layer of a saved model. */
interface LayerRow {
  readonly layer: string;
  readonly type: string;
  readonly output: readonly number[];
  readonly parameters: number;
  readonly nonZeros: number;
  readonly bytes: number;
  /** How its weights are stored, such as `bitmask int8`. */
  readonly stored: string;
  /** What its products with one example run on and why; empty for a dense weight. */
  readonly kernel: string;
  readonly macs: number;
}

/** The shape of an image, as it was noted when the model was saved. */
function inputShape(folder: string, { input }: { readonly [key: string]: unknown }): readonly number[] {
  if (Array.isArray(input) && input.every((side): side is number => typeof side === 'number')) return input;
  throw new UsageError(
    `${folder}: its config.json does not say what shape of input the model takes: add metadata.input`,
  );
}

async function layersOf(
  folder: string,
  { model, metadata }: Awaited<ReturnType<typeof loadModelFolder>>,
): Promise<readonly LayerRow[]> {
  const shape = inputShape(folder, metadata);
  const { perParameter } = await measureCost(model, { inputShape: shape, latency: false });
  return summary(model, shape).rows.map(({ name: layer, type, outputShape, parameters, macs }) => {
    const own = perParameter.filter(({ name }) => name.slice(0, name.lastIndexOf('.')) === layer);
    const weight = own.find(({ name }) => name.endsWith('.weight'));
    const sum = (of: (each: (typeof own)[number]) => number): number =>
      own.reduce((before, each) => before + of(each), 0);
    return {
      layer,
      type,
      output: outputShape,
      parameters,
      nonZeros: sum(({ nonZeros }) => nonZeros),
      bytes: sum(({ bytes }) => bytes),
      stored: weight === undefined ? '' : `${weight.layout} ${weight.format}`,
      kernel: weight?.kernel ? describeKernel(weight.kernel) : '',
      macs,
    };
  });
}

/** Adds `espalier inspect`. */
export function addInspectCommand(program: Command, environment: Environment): void {
  const command = program
    .command('inspect')
    .description('show the layers of a saved model, and how they are stored')
    .argument('<model>', modelArgument)
    .addOption(keyOption());
  withExamples(withPlugins(withCommonOptions(command)), [
    ['espalier inspect runs/quickstart/int8', 'layers, sparsity, bytes'],
    ['espalier inspect runs/quickstart/int8 --json', 'the same for a script'],
  ]).action(async (folder: string, options: CommonOptions & { readonly key?: string }) => {
    const session = openSession(environment, options);
    await openDevice('cpu');
    if (isFile(folder)) {
      return isOnnx(folder) ? showOnnx(session, folder) : showFile(session, folder, options.key);
    }
    checkModelFolder(folder);
    const loaded = await loadModelFolder(folder);
    if (loaded.model instanceof Tensors) return showTensors(session, folder, loaded.model, await folderBytes(folder));
    const layers = await layersOf(folder, loaded);
    const sum = (of: (row: LayerRow) => number): number => layers.reduce((before, row) => before + of(row), 0);
    const bytes = await folderBytes(folder);
    const [parameters, nonZeros, macs] = [
      sum((row) => row.parameters),
      sum((row) => row.nonZeros),
      sum((row) => row.macs),
    ];
    session.result({ folder, layers, parameters, nonZeros, macs, bytes }, () => {
      const right = { align: 'right' } as const;
      const columns = [
        { heading: 'layer' },
        { heading: 'type' },
        { heading: 'output' },
        { heading: 'parameters', ...right },
        { heading: 'non-zero', ...right },
        { heading: 'bytes', ...right },
        { heading: 'stored as' },
        { heading: 'kernel' },
        { heading: 'MACs', ...right },
      ];
      const part = (row: Pick<LayerRow, 'parameters' | 'nonZeros'>): string =>
        row.parameters === 0 ? '' : formatPercent(row.nonZeros / row.parameters, 1);
      const cells = layers.map((row) => [
        row.layer,
        row.type,
        row.output.join(' × '),
        formatCount(row.parameters),
        part(row),
        formatBytes(row.bytes),
        row.stored,
        row.kernel,
        formatMacs(row.macs),
      ]);
      const total = [
        'total',
        '',
        '',
        formatCount(parameters),
        part({ parameters, nonZeros }),
        formatBytes(sum((row) => row.bytes)),
        '',
        '',
        formatMacs(macs),
      ];
      return `${renderTable(columns, [...cells, total], session.stdout)}\n\n${formatBytes(bytes)} on disk, descriptions included`;
    });
  });
}
