/** As deep as the earlier services read JSON: Python gives up at about a thousand. */
export const JSON_DEPTH_MAX = 900;

export interface JsonMember {
  /** Its text as it stands there, without blanks around it; null: there is none of this name. */
  readonly source: string | null;
  /** How deep the whole nests. */
  readonly depth: number;
}

/**
 * A member of the object that `json` is, of several with the name the last, as `JSON.parse` takes it; as text, because
 * numbers, their spelling and the order of names do not survive being parsed and written again. `json` must be an
 * object that `JSON.parse` has taken. No recursion: whoever nests a body deep costs no stack.
 */
export function jsonMember(json: string, name: string): JsonMember {
  let source: string | null = null;
  let [depth, deepest] = [0, 0];
  /** At depth 1: the name that was read last, and where its value begins. */
  let [member, begin] = ['', 0];
  for (let at = 0; at < json.length; at += 1) {
    switch (json.charCodeAt(at)) {
      case QUOTE: {
        const end = endOfString(json, at);
        if (depth === 1 && begin === 0) member = JSON.parse(json.slice(at, end + 1)) as string;
        at = end;
        break;
      }
      case COLON:
        if (depth === 1) begin = at + 1;
        break;
      case OPEN_BRACE:
      case OPEN_BRACKET:
        depth += 1;
        deepest = Math.max(deepest, depth);
        break;
      case COMMA:
      case CLOSE_BRACE:
        if (depth === 1 && begin > 0) {
          if (member === name) source = json.slice(begin, at).trim();
          begin = 0;
        }
        if (json.charCodeAt(at) === CLOSE_BRACE) depth -= 1;
        break;
      case CLOSE_BRACKET:
        depth -= 1;
        break;
    }
  }
  return { source, depth: deepest };
}

const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a];
const [OPEN_BRACKET, CLOSE_BRACKET, OPEN_BRACE, CLOSE_BRACE] = [0x5b, 0x5d, 0x7b, 0x7d];

/** Where the string that begins at `begin` has its closing quotation mark. */
function endOfString(json: string, begin: number): number {
  for (let at = json.indexOf('"', begin + 1); ; at = json.indexOf('"', at + 1)) {
    let backslashes = 0;
    while (json.charCodeAt(at - 1 - backslashes) === BACKSLASH) backslashes += 1;
    if (backslashes % 2 === 0) return at;
  }
}
