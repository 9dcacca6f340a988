/** Errors of this package. */

/** Codes of errors of this package. */
export type LanguageErrorCode = 'template';

/** A template that is none, that refuses what it is given, or that wants more than a template may take. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
  readonly code: LanguageErrorCode = 'template';
  /** What was wrong, without the name of the template. */
  readonly problem: string;

  /** @param template what it is called: `chat_template` */
  constructor(template: string, problem: string) {
    super(`${template}: ${problem}`);
    this.problem = problem;
  }
}
