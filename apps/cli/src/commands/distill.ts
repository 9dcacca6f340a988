/** `espalier distill`: a smaller model that answers as a saved one does. */
import { checkSource } from '@espalier/pipeline';
import { Option, type Command } from 'commander';
import { defaultSeed, numberBetween, wholeNumberFrom, withExamples } from '../cli/options.ts';
import { readText } from '../cli/read-text.ts';
import { openSession, type Environment } from '../cli/session.ts';
import { lessonFor, withOwnDataOptions, type OwnDataOptions } from '../files/own-data.ts';
import type { FileModelOptions } from '../files/described-model.ts';
import { withModelFolder } from '../files/model-folder.ts';
import { readCandidate } from '../recipe/candidate.ts';
import { modelArgument, withFileOptions } from './file-options.ts';
import { withModelOptions, type ModelOptions } from './model-options.ts';
import { showTransformed, transform } from './transform.ts';

interface DistillOptions extends ModelOptions, FileModelOptions, OwnDataOptions {
  readonly student: string;
  readonly size?: number;
  readonly epochs: number;
  readonly temperature?: number;
  readonly alpha: number;
  readonly lr: number;
  readonly weakTeacher?: 'ignore' | 'refuse' | 'use';
}

/** How much the answers of a teacher of classes are softened, if nobody says it. */
const usualTemperature = 4;

/** Whether a task, or that of models that name none, is of classes. */
const isOfClasses = (task = 'classification'): boolean => ['classification', 'next-token'].includes(task);

/** Adds `espalier distill`. */
export function addDistillCommand(program: Command, environment: Environment): void {
  const command = program
    .command('distill')
    .description('train a small model to answer as a large one does')
    .argument('<teacher>', modelArgument)
    .requiredOption('--student <file>', 'a YAML file with architecture, initialiser and training')
    .option(
      '--size <part>',
      "shrink the student's architecture to this part of the teacher's parameters",
      numberBetween(0, 1),
    )
    .option('--epochs <n>', 'how often to go through the images', wholeNumberFrom(1), 4)
    .option(
      '--temperature <t>',
      "how much the teacher's answers are softened, where they are classes (default: 4)",
      numberBetween(0, 100),
    )
    .option('--alpha <part>', 'how much the teacher counts against the labels', numberBetween(0, 1, true), 0.7)
    .option('--lr <rate>', 'the learning rate', numberBetween(0, 10), 0.003)
    .addOption(
      new Option(
        '--weak-teacher <what>',
        'what becomes of a teacher that is no better than its student before training (default: ignore, and say so)',
      ).choices(['ignore', 'refuse', 'use']),
    );
  withExamples(withModelOptions(withOwnDataOptions(withFileOptions(command))), [
    ['espalier distill runs/model --student student.yaml -o runs/student', 'a student of your design'],
    ['espalier distill runs/model --student runs/search/winner.yaml --size 0.1 -o runs/student', 'a tenth of its size'],
  ]).action(async (from: string, options: DistillOptions) => {
    const session = openSession(environment, options);
    const candidate = readCandidate(options.student, await readText(options.student));
    const { seed = defaultSeed, student, size, epochs, temperature, alpha, lr, weakTeacher } = options;
    const shrink = size === undefined ? {} : { size };
    await withModelFolder(from, options, async (teacher) => {
      const lesson = await lessonFor(teacher, from, options);
      const { source, task } = lesson;
      checkSource(source);
      const softened = temperature ?? (isOfClasses(task) ? usualTemperature : undefined);
      const settings = {
        source,
        ...(task !== undefined && { task }),
        teacher,
        candidate,
        epochs,
        ...(softened !== undefined && { temperature: softened }),
        alpha,
        lr,
        seed,
        ...shrink,
        ...(weakTeacher && { weakTeacher }),
      };
      const input = (folder: string) => ({ ...settings, folder });
      showTransformed(
        session,
        await transform(session, options, {
          from: teacher,
          lesson,
          origin: { ...options, path: from, isTeacher: true },
          job: 'distill',
          input,
          sources: [from, student],
        }),
      );
    });
  });
}
