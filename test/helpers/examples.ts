// The code blocks of the documentation, as programs.

/** One block marked `ts` in a Markdown file. */
export interface Example {
  /** The file and the line of the block's first line of code: `README.md:17`. */
  readonly name: string;
  readonly code: string;
  /** What it promises to print: the comment behind each `console.log(…);`, one a line. */
  readonly prints: readonly string[];
  /** False for a block marked `ts no-run`, which only has to compile. */
  readonly runs: boolean;
}

/** The blocks marked `ts` or `ts no-run` in a Markdown text, in order. */
export function examplesIn(file: string, markdown: string): Example[] {
  return [...markdown.matchAll(/^```ts( no-run)?\n(.*?)^```$/gms)].map((match) => {
    const code = match[2] ?? '';
    const line = markdown.slice(0, match.index).split('\n').length + 1;
    const prints = [...code.matchAll(/^console\.log\(.*\);\s*\/\/ (.*)$/gm)].map((comment) => comment[1] ?? '');
    return { name: `${file}:${line}`, code, prints, runs: match[1] === undefined };
  });
}
