/** What of `@huggingface/jinja` is used. */
import * as untyped from '@huggingface/jinja';

/** A part of a parsed template. */
export interface TemplateNode {
  readonly type: string;
}

/** A value of a template: a text, a number, a list, and so on. */
export interface TemplateValue {
  readonly type: string;
  readonly value: unknown;
}

/** Variables of a template. */
export interface TemplateEnvironment {
  /** Values of JavaScript are turned into those of templates; of functions what they take and give is. */
  readonly set: (name: string, value: unknown) => unknown;
}

interface TemplateInterpreter {
  evaluate(node: TemplateNode | undefined, environment: TemplateEnvironment): TemplateValue;
  run(program: TemplateNode): TemplateValue;
}

/** The library's own declarations name files in a way that compilers for modules do not find. */
interface Library {
  readonly Environment: new () => TemplateEnvironment;
  readonly Interpreter: new (environment: TemplateEnvironment) => TemplateInterpreter;
  readonly parse: (tokens: readonly unknown[]) => TemplateNode;
  readonly tokenize: (text: string, options: { lstrip_blocks: boolean; trim_blocks: boolean }) => readonly unknown[];
}
const library = untyped as unknown as Library;

/** Makes an environment. */
export const Environment: Library['Environment'] = library.Environment;
/** A text as a value. */
export const textValue = (text: string): TemplateValue => new Environment().set('text', text) as TemplateValue;
/** Evaluates templates. */
export const Interpreter: Library['Interpreter'] = library.Interpreter;

/** The program of a template; blocks take their line ends along, as templates of chats expect. */
export const parseTemplate = (text: string): TemplateNode =>
  library.parse(library.tokenize(text, { lstrip_blocks: true, trim_blocks: true }));
