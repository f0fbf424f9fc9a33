/** As deep as the earlier services read JSON: Python gives up at about a thousand. */
export const JSON_DEPTH_MAX = 900;

/**
 * A member of the object that `json` is, of several with the name the last, as `JSON.parse` takes it; as text, because
 * numbers, their spelling and the order of names do not survive being parsed and written again. `json` must be an
 * object that `JSON.parse` has taken. No recursion: whoever nests a body deep costs no stack. The answer is without blanks around
 * it; null: there is no member of this name.
 */
export function jsonMember(json: string, name: string): string | null {
  let source: string | null = null;
  let depth = 0;
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
  return source;
}

/** Whether what `json` says, which `JSON.parse` has taken, nests deeper than the earlier services read it. */
export function isTooDeep(json: string): boolean {
  // Nearly all bodies are too short for that.
  if (json.length <= 2 * JSON_DEPTH_MAX) return false;
  let depth = 0;
  for (let at = 0; at < json.length; at += 1) {
    switch (json.charCodeAt(at)) {
      case QUOTE:
        at = endOfString(json, at);
        break;
      case OPEN_BRACE:
      case OPEN_BRACKET:
        depth += 1;
        if (depth > JSON_DEPTH_MAX) return true;
        break;
      case CLOSE_BRACE:
      case CLOSE_BRACKET:
        depth -= 1;
        break;
    }
  }
  return false;
}

/**
 * The name of a member that an object of `json` has twice, of which `JSON.parse` keeps the last without a word; null: there is
 * none. `json` must be what `JSON.parse` has taken.
 */
export function repeatedMember(json: string): string | null {
  /** Of the objects that are open, the names so far. */
  const open: Set<string>[] = [];
  /** The string that was read last: before a colon it is a name. */
  let [begin, end] = [0, 0];
  for (let at = 0; at < json.length; at += 1) {
    switch (json.charCodeAt(at)) {
      case QUOTE:
        [begin, end] = [at, endOfString(json, at)];
        at = end;
        break;
      case COLON: {
        const spelled = json.slice(begin + 1, end);
        const name = spelled.includes('\\') ? (JSON.parse(`"${spelled}"`) as string) : spelled;
        const names = open.at(-1);
        if (names?.has(name) === true) return name;
        names?.add(name);
        break;
      }
      case OPEN_BRACE:
        open.push(new Set());
        break;
      case CLOSE_BRACE:
        open.pop();
        break;
    }
  }
  return null;
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
