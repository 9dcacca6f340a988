/** JSON.parse keeps the last of several equal keys; a file with two meanings must be refused. */

/** A key that occurs twice in one object of a valid JSON text, with the position of its second occurrence. */
export function duplicateKey(text: string): { readonly key: string; readonly position: number } | undefined {
  const open: (Set<string> | undefined)[] = [];
  const token = /"(?:[^"\\]+|\\.)*"(\s*:)?|[{}[\]]/gsu;
  for (const match of text.matchAll(token)) {
    const [found, colon] = match;
    if (found === '{') open.push(new Set());
    else if (found === '[') open.push(undefined);
    else if (found === '}' || found === ']') open.pop();
    else if (colon !== undefined) {
      const key = JSON.parse(found.slice(0, -colon.length)) as string;
      const keys = open.at(-1);
      if (keys?.has(key)) return { key, position: match.index };
      keys?.add(key);
    }
  }
  return undefined;
}
