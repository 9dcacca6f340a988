/** `espalier compress`: a language model in fewer bytes, a layer in memory at a time. */
import { readFile } from 'node:fs/promises';
import {
  methodNames,
  planCompression,
  textPartsOfFolder,
  textPartsOfGguf,
  type CalibrationIds,
  type CompressionMethod,
  type TypeRule,
} from '@espalier/language';
import { openDevice } from '@espalier/pipeline';
import { InvalidArgumentError, Option, type Command } from 'commander';
import {
  defaultSeed,
  numberBetween,
  wholeNumberFrom,
  withComputeOptions,
  withExamples,
  type ComputeOptions,
} from '../cli/options.ts';
import { resumable } from '../cli/resumable.ts';
import { openSession, type Environment, type Session } from '../cli/session.ts';
import { exitCodes, UsageError } from '../errors.ts';
import { draftWeights, foundDraft, type DraftAsked } from '../language/found-draft.ts';
import { withFewerParts } from '../language/fewer-parts.ts';
import { foundTypes, judgesOf } from '../language/found-types.ts';
import { describeJudged, judgeModels } from '../language/judged.ts';
import { carryOut, formatOfOutput, planTable, withModelInParts, type ModelAt } from '../language/compression.ts';
import { languageModelArgument } from '../language/options.ts';
import { saidByUser } from '../language/said-by-user.ts';
import { checkOutputFile } from '../output/output-file.ts';
import { formatBytes } from '../terminal/format.ts';
import { overwriteOption } from './model-options.ts';

interface CompressOptions extends ComputeOptions {
  readonly output?: string;
  readonly overwrite?: boolean;
  readonly to?: 'gguf' | 'safetensors';
  readonly method?: CompressionMethod['type'];
  readonly bits?: number;
  readonly group?: number | 'row';
  readonly zeros?: boolean;
  readonly sparsity?: number;
  readonly pattern?: string;
  readonly dropLayers?: number;
  readonly dropHeads?: number;
  readonly recover?: number;
  readonly recoverRank?: number;
  readonly type?: string;
  readonly tensors?: readonly TypeRule[];
  readonly text?: string;
  readonly sequences: number;
  readonly length?: number;
  readonly goal?: readonly string[];
  readonly types?: readonly string[];
  readonly draft?: 'stored' | 'f32';
  readonly plan?: boolean;
  readonly strict?: boolean;
}

/** A parser of `name=type`, of which there may be several. */
function ruleFrom(text: string, before: readonly TypeRule[] = []): readonly TypeRule[] {
  const [, tensors, type] = /^([^=]+)=([\w/]+)$/u.exec(text) ?? [];
  if (tensors === undefined || type === undefined)
    throw new InvalidArgumentError("Give a name and a type, such as 'blk.*.ffn_down.weight=Q5_0'.");
  return [...before, { tensors, type }];
}

const groupFrom = (text: string): number | 'row' => (text === 'row' ? text : wholeNumberFrom(1)(text));
const another = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];
const namesFrom = (text: string): readonly string[] => text.split(',').map((name) => name.trim());

/** Adds `espalier compress`. */
export function addCompressCommand(program: Command, environment: Environment): void {
  const command = program
    .command('compress')
    .description('a language model in fewer bytes, with a plan before the work, its layers one after another')
    .argument('<model>', languageModelArgument)
    .option('-o, --output <path>', 'a file that ends in .gguf, or a folder of safetensors')
    .addOption(new Option('--to <format>', 'what is written (default: by the name)').choices(['gguf', 'safetensors']))
    .addOption(new Option('--method <name>', 'how the matrices of layers are compressed').choices([...methodNames]))
    .option('--bits <n>', 'bits of a weight (default: 4)', wholeNumberFrom(1))
    .option('--group <n>', 'columns that share a scale, or row for all of one (default: 32)', groupFrom)
    .option('--zeros', 'a zero point beside each scale')
    .option('--sparsity <share>', 'share of the weights to drop (default: 0.5)', numberBetween(0, 1))
    .option('--pattern <n:m>', 'keep n of every m weights of a row')
    .option(
      '--drop-layers <n>',
      'leave out the layers that change what the text gives them the least',
      wholeNumberFrom(1),
    )
    .option(
      '--drop-heads <n>',
      'leave out heads of keys and values of each layer, with the heads that share them, that the text misses the least',
      wholeNumberFrom(1),
    )
    .option('--recover <epochs>', 'train what is left on the text, against the model as it was', wholeNumberFrom(1))
    .option(
      '--recover-rank <n>',
      'with --recover: train changes of so low a rank in place of the matrices',
      wholeNumberFrom(1),
    )
    .option('--type <name>', 'the type of the matrices of layers in the file: Q4_0, Q5_1, F16')
    .option('--tensors <name=type>', 'the type of tensors by name, * for any letters; before all others', ruleFrom)
    .option('--goal <goal>', "find types that keep it: 'bytes<=80MB', 'kl<=0.2'; several, or with commas", another)
    .option('--types <names>', 'with --goal: the types that are tried, with commas', namesFrom)
    .addOption(
      new Option(
        '--draft [weights]',
        "find a draft that makes tokens cheaper by guessing them ahead, for the model with its weights 'stored' or as 'f32'",
      )
        .choices([...draftWeights])
        .preset('stored'),
    )
    .option('--text <file>', 'a text to calibrate on, or to measure goals and drafts by')
    .option(
      '--sequences <n>',
      'how many sequences of it, or lines for a model that embeds texts',
      wholeNumberFrom(1),
      16,
    )
    .option('--length <n>', 'tokens of a sequence (default: 512, or as many as the model takes)', wholeNumberFrom(1))
    .option('--plan', 'say what would become of each tensor, and do nothing')
    .option('--strict', 'refuse what cannot be as it was asked for')
    .addOption(overwriteOption());
  withExamples(withComputeOptions(command), [
    ['espalier compress model.gguf --type Q4_0 --plan', 'what would become of each tensor'],
    ["espalier compress model.gguf --tensors 'token_embd.weight=Q5_0' -o small.gguf", 'one tensor in another type'],
    [
      'espalier compress model.gguf --method gptq --bits 4 --group 32 --text book.txt -o small.gguf',
      'rounded so that layers give what they gave on a text',
    ],
    [
      "espalier compress model.gguf --goal 'bytes<=80MB,kl<=0.2' --text book.txt -o small.gguf",
      'types that keep goals',
    ],
    ['espalier compress model.gguf --draft --text book.txt -o draft.gguf', 'for `generate --draft draft.gguf`'],
    ['espalier compress model --method wanda --pattern 2:4 --text book.txt -o sparse', 'half of the weights dropped'],
  ]).action(async (name: string, options: CompressOptions) => {
    const session = openSession(environment, options);
    const { output, overwrite = false, strict = false, seed = defaultSeed } = options;
    if (output === undefined && options.plan !== true)
      throw new UsageError('--output: say where the model goes, or ask for the plan alone by --plan');
    const to = output === undefined ? (options.to ?? 'gguf') : formatOfOutput(output, options.to);
    if (output !== undefined && to === 'gguf' && options.plan !== true)
      await checkOutputFile({ path: output, overwrite });
    const again = ['compress', name, ...flagsOf(options)];
    await withModelInParts(name, async (whole) => {
      const { device } = await openDevice(options.device ?? 'auto');
      const target = options.plan === true ? undefined : output;
      const ids = options.text === undefined ? undefined : await sequencesOf(whole, options.text, options);
      if (options.draft !== undefined) {
        const asked = { at: whole, to, ids, device, seed, weights: options.draft, options };
        const plain = { output: target, overwrite, strict };
        await resumable(session, again, () => writeDraft(session, asked, plain));
        return;
      }
      await withFewerParts(session, whole, { options, ids, device, again, output: target }, async (at) => {
        const found = await resumable(session, again, () => foundTypes(session, { at, to, ids, device, options }));
        const asked = {
          to,
          ...methodOf(options),
          ...(options.type !== undefined && { type: options.type }),
          rules: [...(options.tensors ?? []), ...(found?.rules ?? [])],
        };
        const plan = await saidByUser(() => planCompression(at.model, asked));
        const search = found && { search: { ...found, rules: undefined } };
        if (target === undefined) {
          session.result({ ...plan, ...search }, () => planTable(plan, session));
          return;
        }
        session.log(planTable(plan, session));
        const written = await resumable(session, again, () =>
          carryOut(session, { at, plan, output: target, overwrite, strict, device, seed, ids }),
        );
        const judged =
          found && ids
            ? await judgeModels(session, { before: name, after: written.output }, { ids: judgesOf(ids), device })
            : undefined;
        session.result({ ...written, plan, ...search, ...(judged && { judged }) }, () =>
          [
            `${formatBytes(written.bytes)} written to ${written.output}`,
            ...(judged ? [describeJudged(judged)] : []),
          ].join('\n'),
        );
        if (found?.isKept === false) session.endWith(exitCodes.goalsMissed);
      });
    });
  });
}

/** Finds a draft, and writes it where there is an output. */
async function writeDraft(
  session: Session,
  asked: DraftAsked,
  { output, overwrite, strict }: { output: string | undefined; overwrite: boolean; strict: boolean },
): Promise<void> {
  const { model, plan, search, metadata } = await foundDraft(session, asked);
  if (search.best.measured <= 1) session.endWith(exitCodes.goalsMissed);
  if (output === undefined) {
    session.result({ ...plan, search }, () => planTable(plan, session));
    return;
  }
  const at = { ...asked.at, model };
  const written = await carryOut(session, { at, plan, output, overwrite, strict, device: asked.device, metadata });
  session.result({ ...written, search }, () => `${formatBytes(written.bytes)} written to ${written.output}`);
}

/** The options as they were given. */
function flagsOf(options: CompressOptions): string[] {
  return Object.entries(options).flatMap(([name, value]) => {
    const flag = `--${name.replaceAll(/[A-Z]/gu, (letter) => `-${letter.toLowerCase()}`)}`;
    if (name === 'types') return [flag, String(value)];
    const given = Array.isArray(value)
      ? (value as readonly (string | TypeRule)[])
      : [value as string | number | boolean];
    return given.flatMap((each) =>
      each === true ? [flag] : [flag, typeof each === 'object' ? `${each.tensors}=${each.type}` : String(each)],
    );
  });
}

function methodOf({ method, bits, group, zeros, sparsity, pattern, recover, recoverRank }: CompressOptions): {
  readonly method?: CompressionMethod;
} {
  if (recoverRank !== undefined && recover === undefined)
    throw new UsageError('--recover-rank: this is of a recovery: say for how many epochs by --recover');
  const given = {
    ...(bits !== undefined && { bits }),
    ...(group !== undefined && { group }),
    ...(sparsity !== undefined && { sparsity }),
    ...(pattern !== undefined && { pattern }),
    ...(zeros !== undefined && { zeros }),
    ...(recover !== undefined && {
      recover: { epochs: recover, ...(recoverRank !== undefined && { rank: recoverRank }) },
    }),
  };
  const [first] = Object.keys(given);
  if (method === undefined && first !== undefined)
    throw new UsageError(`--${first}: this is of a method: say which by --method`);
  return method === undefined ? {} : { method: { type: method, ...given } };
}

/** Tokens of a sequence, of a model that takes as many. */
const usualLength = 512;

/**
 * The first sequences of a text: of one length each, one behind the other, or, of a model of hidden states, its lines, each a text of its
 * own that is no longer than that.
 * @throws {UsageError} for sequences that are longer than the model takes, and a text without one.
 */
async function sequencesOf(
  { from, model }: ModelAt,
  file: string,
  { sequences, length: given }: CompressOptions,
): Promise<CalibrationIds> {
  const { context } = model.description;
  const length = given ?? Math.min(usualLength, context);
  if (length > context)
    throw new UsageError(`--length: ${length} tokens are more than the ${context} that the model takes: give fewer`);
  const text = await readFile(file, 'utf8');
  const { tokenizer } = await ('config' in from ? textPartsOfFolder(from, []) : textPartsOfGguf(from));
  if (model.description.gives === 'states') {
    const lines = text.split('\n').filter((line) => line.trim() !== '');
    if (lines.length === 0) throw new UsageError(`--text: ${file} has no line with a text; give another one`);
    return lines.slice(0, sequences).map((line) => {
      const ids = [...tokenizer.encode(line)];
      return ids.length <= length ? ids : [...ids.slice(0, length - 1), ids.at(-1) as number];
    });
  }
  const ids = tokenizer.encode(text, { frame: false });
  const count = Math.min(sequences, Math.floor(ids.length / length));
  if (count === 0)
    throw new UsageError(
      `--text: ${file} has ${ids.length} tokens, and a sequence has ${length}: give a longer text, or a smaller --length`,
    );
  return Array.from({ length: count }, (_, index) => [...ids.subarray(index * length, (index + 1) * length)]);
}
