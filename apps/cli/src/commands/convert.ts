/** `espalier convert`: a language model in the other format, or other types of floats. */
import { planCompression } from '@espalier/language';
import { Option, type Command } from 'commander';
import { withCommonOptions, withExamples } from '../cli/options.ts';
import { openSession, type CommonOptions, type Environment } from '../cli/session.ts';
import { carryOut, formatOfOutput, planTable, withModelInParts } from '../language/compression.ts';
import { languageModelArgument } from '../language/options.ts';
import { saidByUser } from '../language/said-by-user.ts';
import { formatBytes } from '../terminal/format.ts';
import { overwriteOption } from './model-options.ts';

interface ConvertOptions extends CommonOptions {
  readonly to?: 'gguf' | 'safetensors';
  readonly type?: string;
  readonly overwrite?: boolean;
  readonly strict?: boolean;
}

/** Adds `espalier convert`. */
export function addConvertCommand(program: Command, environment: Environment): void {
  const command = program
    .command('convert')
    .description('write a language model as a GGUF file, or as a folder of safetensors')
    .argument('<model>', languageModelArgument)
    .argument('<output>', 'a file that ends in .gguf, or a folder')
    .addOption(new Option('--to <format>', 'what is written (default: by the name)').choices(['gguf', 'safetensors']))
    .option('--type <name>', 'the type of the matrices of layers: F16, BF16, F32, or of GGUF a type of blocks')
    .option('--strict', 'refuse what cannot be as it was asked for')
    .addOption(overwriteOption());
  withExamples(withCommonOptions(command), [
    ['espalier convert model.gguf model', 'a folder that other programs read'],
    ['espalier convert model model.gguf --type F16', 'a file of halves'],
  ]).action(async (name: string, output: string, options: ConvertOptions) => {
    const session = openSession(environment, options);
    const to = formatOfOutput(output, options.to);
    await withModelInParts(name, async (at) => {
      const asked = { to, ...(options.type !== undefined && { type: options.type }) };
      const plan = await saidByUser(() => planCompression(at.model, asked));
      // Nothing becomes something else than was asked for without a word.
      if (plan.notes.length > 0) session.log(planTable(plan, session));
      const { overwrite = false, strict = false } = options;
      const written = await carryOut(session, { at, plan, output, overwrite, strict });
      session.result(
        { ...written, notes: plan.notes },
        () => `${formatBytes(written.bytes)} written to ${written.output}`,
      );
    });
  });
}
