// Makes bundled declarations small: what is exported says so where it stands, and doc comments, which are more than half
// of a bundle, shrink to what is looked up most.
import { parseSync } from 'rolldown/utils';

/** How long a comment may be before it ends at a clause rather than at its first full stop, and how short it is then. */
const [longest, shortest] = [80, 16];

/**
 * What a doc comment says first, on one line: its first sentence, or so much of a long one as stands alone. Empty when
 * there is none before its tags and examples.
 *
 * @param {string} comment what stands between its slashes
 */
export function firstSentence(comment) {
  const [prose = ''] = comment.replaceAll(/^[ \t]*\*+ ?/gm, '').split(/^[ \t]*(?:@|```)/m);
  const line = prose.replaceAll(/\s+/g, ' ').trim();
  const sentence = (/^.*?\.(?= [^a-z]|$)/.exec(line)?.[0] ?? line).replace(/:$/, '.');
  if (sentence.length <= longest) return sentence;
  for (const mark of [/[:;]/g, /,/g]) {
    const ends = [...sentence.matchAll(mark)].map(({ index }) => sentence.slice(0, index)).filter(isWhole);
    const longestThatFits = ends.findLast(({ length }) => length >= shortest && length <= longest);
    if (longestThatFits !== undefined) return `${longestThatFits}.`;
  }
  return sentence;
}

/**
 * Whether the beginning of a sentence ends outside parentheses and code.
 *
 * @param {string} beginning
 */
function isWhole(beginning) {
  return beginning.split('(').length === beginning.split(')').length && beginning.split('`').length % 2 === 1;
}

/** @typedef {ReturnType<typeof parseSync>['program']['body'][number]} Statement */
/** @typedef {Extract<Statement, { readonly type: 'ExportNamedDeclaration' }>} ExportList */
/** @typedef {{ readonly start: number, readonly end: number, readonly by: string }} Change */

/**
 * The name that a top-level declaration gives.
 *
 * @param {Statement} node
 * @returns {string | undefined}
 */
function nameOf(node) {
  switch (node.type) {
    case 'TSDeclareFunction':
    case 'ClassDeclaration':
    case 'TSInterfaceDeclaration':
    case 'TSTypeAliasDeclaration':
      return node.id?.type === 'Identifier' ? node.id.name : undefined;
    case 'VariableDeclaration': {
      const id = node.declarations[0]?.id;
      return id?.type === 'Identifier' ? id.name : undefined;
    }
    default:
      return undefined;
  }
}

/**
 * Where comments are kept within a top-level declaration: on functions, constants, classes, and those members of
 * options that may be left out. The options of strategies are all there in their declarations, and too many.
 *
 * @param {Statement} node
 * @returns {readonly number[]}
 */
function documented(node) {
  switch (node.type) {
    case 'TSDeclareFunction':
    case 'VariableDeclaration':
    case 'ClassDeclaration':
      return [node.start];
    case 'TSInterfaceDeclaration':
      if (!node.id.name.endsWith('Options')) return [];
      return node.body.body.flatMap((member) => ('optional' in member && member.optional ? member.start : []));
    default:
      return [];
  }
}

/**
 * What an export list says of declarations that can say so themselves, as changes to these; and the rest of the list.
 *
 * @param {string} text
 * @param {readonly Statement[]} body
 * @param {ExportList} list
 */
function exportedInPlace(text, body, list) {
  /** @type {Change[]} */
  const changes = [];
  const remaining = list.specifiers.filter(({ local, exported, exportKind }) => {
    const name = text.slice(local.start, local.end);
    const nodes = body.filter((node) => nameOf(node) === name);
    const renamed = text.slice(exported.start, exported.end) !== name;
    // A class of which only the type is exported.
    const typeOnly = exportKind === 'type' && nodes.some(({ type }) => type === 'ClassDeclaration');
    if (nodes.length === 0 || renamed || typeOnly) return true;
    for (const { start } of nodes) {
      const declare = text.startsWith('declare ', start) ? 'declare '.length : 0;
      changes.push({ start, end: start + declare, by: 'export ' });
    }
    return false;
  });
  // Even when empty, the list keeps what is not in it from being exported.
  const names = remaining.map(({ start, end }) => text.slice(start, end)).join(', ');
  return [...changes, { start: list.start, end: list.end, by: `export { ${names} };` }];
}

/**
 * Bundled declarations made small, with the same meaning.
 *
 * @param {string} text of a `.d.ts` that ends with the list of what it exports
 */
export function condenseDeclarations(text) {
  const { program, comments, errors } = parseSync('index.d.ts', text);
  const list = program.body.at(-1);
  if (errors.length > 0 || list?.type !== 'ExportNamedDeclaration' || list.source !== null) {
    throw new Error(
      `condenseDeclarations: ${errors[0]?.message ?? 'the list of exports is missing'}: bundle them anew`,
    );
  }
  const exported = new Set(list.specifiers.map(({ local }) => text.slice(local.start, local.end)));
  const isPublic = (/** @type {Statement} */ node) =>
    node.type === 'TSInterfaceDeclaration' || exported.has(nameOf(node) ?? '');
  const kept = new Set(program.body.filter(isPublic).flatMap(documented));
  const shortened = comments.map((comment) => {
    const behind = text.slice(comment.end).search(/\S/) + comment.end;
    const isDoc = comment.type === 'Block' && comment.value.startsWith('*');
    const sentence = isDoc && kept.has(behind) ? firstSentence(comment.value) : '';
    // Without a comment, its line goes too.
    const { start, end } = comment;
    return sentence ? { start, end, by: `/** ${sentence} */` } : { start, end: behind, by: '' };
  });
  const changes = [...shortened, ...exportedInPlace(text, program.body, list)];

  let condensed = '';
  let end = 0;
  for (const change of changes.toSorted((a, b) => a.start - b.start)) {
    condensed += text.slice(end, change.start) + change.by;
    end = change.end;
  }
  return (condensed + text.slice(end)).replaceAll(/^(?: {2})+/gm, (spaces) => '\t'.repeat(spaces.length / 2));
}
