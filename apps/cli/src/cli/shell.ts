/** A shell's word for an argument: as it is where that is safe, else in quotes. */
export function quoted(argument: string): string {
  return /^[\w./:=@%+-]+$/u.test(argument) ? argument : `'${argument.replaceAll("'", String.raw`'\''`)}'`;
}

/** A command line of this program, to be printed for the user to paste into a shell. */
export function shellCommand(args: readonly string[]): string {
  return ['npx', 'espalier', ...args].map(quoted).join(' ');
}
