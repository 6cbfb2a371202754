/**
 * The code of a file without its comments and without what its texts say: every character of a comment is a blank, every one
 * inside a text is `\x01`, so that offsets stay. One walk, whatever the file holds.
 */

/** How a language writes comments and texts. */
export type Language = "javascript" | "python" | "rust" | "go";

/**
 * Masks a file.
 * @returns a text as long as the file's
 */
export function masked(text: string, language: Language): string {
  return new Masker(text, language).whole();
}

/** Inside of texts. */
const inner = "\x01";

/** Words behind which a slash starts a pattern and no division. */
const beforePattern = /(?:^|[^\w$.])(?:return|typeof|case|in|of|do|else|void|delete|throw|new|await|yield)$/u;

class Masker {
  readonly #text: string;
  readonly #language: Language;
  readonly #out: string[] = [];
  #at = 0;
  #last = ""; // the last character of code that is no blank
  #word = ""; // the code just before, for the question what a slash is

  constructor(text: string, language: Language) {
    this.#text = text;
    this.#language = language;
  }

  whole(): string {
    // Braces that are open in each template around here.
    const templates: number[] = [];
    while (this.#at < this.#text.length) {
      const character = this.#text.charAt(this.#at);
      const open = templates.at(-1);
      if (this.#comment() || this.#quoted(character)) continue;
      if (this.#language === "javascript") {
        if (character === "`" || (character === "}" && open === 0)) {
          if (character === "}") templates.pop();
          if (this.#template()) templates.push(0);
          continue;
        }
        if (character === "/" && this.#isPattern()) {
          this.#pattern();
          continue;
        }
        if (open !== undefined && character === "{") templates[templates.length - 1] = open + 1;
        if (open !== undefined && character === "}") templates[templates.length - 1] = open - 1;
      }
      this.#code(character);
    }
    return this.#out.join("");
  }

  #code(character: string): void {
    this.#out.push(character);
    this.#at += 1;
    if (/\s/u.test(character)) {
      if (this.#word !== "") this.#word = this.#word.endsWith(" ") ? this.#word : `${this.#word} `;
      return;
    }
    this.#word = (/[\w$]/u.test(character) && !this.#word.endsWith(" ") ? this.#word.slice(-12) : "") + character;
    this.#last = character;
  }

  /** Puts `count` characters out as `fill`; ends of lines stay. */
  #hide(count: number, fill: string): void {
    const end = Math.min(this.#text.length, this.#at + count);
    this.#out.push(this.#text.slice(this.#at, end).replace(/[^\n]/gu, fill));
    this.#at = end;
  }

  #until(stop: string, from: number): number {
    const found = this.#text.indexOf(stop, from);
    return (found < 0 ? this.#text.length : found + stop.length) - this.#at;
  }

  #comment(): boolean {
    const two = this.#text.slice(this.#at, this.#at + 2);
    if (this.#language === "python" ? two.startsWith("#") : two === "//") {
      const stop = this.#text.indexOf("\n", this.#at);
      this.#hide((stop < 0 ? this.#text.length : stop) - this.#at, " ");
      return true;
    }
    if (this.#language === "python" || two !== "/*") return false;
    if (this.#language === "rust") this.#nestedComment();
    else this.#hide(this.#until("*/", this.#at + 2), " ");
    return true;
  }

  #nestedComment(): void {
    let depth = 0;
    do {
      const two = this.#text.slice(this.#at, this.#at + 2);
      depth += two === "/*" ? 1 : two === "*/" ? -1 : 0;
      this.#hide(two === "/*" || two === "*/" ? 2 : 1, " ");
    } while (depth > 0 && this.#at < this.#text.length);
  }

  /** A text in quotes. */
  #quoted(character: string): boolean {
    const { quote, isRaw, mayBreak } = this.#opening(character);
    if (quote === "") return false;
    const start = this.#text.indexOf(quote, this.#at) + quote.length;
    this.#out.push(this.#text.slice(this.#at, start));
    this.#at = start;
    const closing = quote.replace(/^(#*)"$|^"(#*)$/u, '"$1$2');
    let end = start;
    while (end < this.#text.length) {
      const next = this.#text.charAt(end);
      if (next === "\\" && !isRaw) end += 2;
      else if (next === "\n" && !mayBreak) break;
      else if (this.#text.startsWith(closing, end)) break;
      else end += 1;
    }
    this.#hide(end - start, inner);
    if (this.#text.startsWith(closing, this.#at)) {
      this.#out.push(closing);
      this.#at += closing.length;
    }
    this.#last = '"';
    this.#word = "";
    return true;
  }

  #opening(character: string): { readonly quote: string; readonly isRaw: boolean; readonly mayBreak: boolean } {
    const none = { quote: "", isRaw: false, mayBreak: false };
    const plain = { quote: character, isRaw: false, mayBreak: false };
    const isQuote = character === '"' || character === "'";
    switch (this.#language) {
      case "javascript":
        return isQuote ? plain : none;
      case "python": {
        const three = this.#text.slice(this.#at, this.#at + 3);
        return three === '"""' || three === "'''" ? { ...plain, quote: three, mayBreak: true } : isQuote ? plain : none;
      }
      case "go":
        return character === "`" ? { quote: character, isRaw: true, mayBreak: true } : isQuote ? plain : none;
      case "rust": {
        if (character === '"') return { ...plain, mayBreak: true };
        const raw = character === "r" && !/[\w]/u.test(this.#last) ? /r#{0,20}"/y : undefined;
        if (raw !== undefined) {
          raw.lastIndex = this.#at;
          const found = raw.exec(this.#text)?.[0];
          return found === undefined ? none : { quote: found.slice(1), isRaw: true, mayBreak: true };
        }
        // Anything else behind one quote is the name of a lifetime.
        const letter = /'(?:\\[^\n]{1,10}?|[^\\'\n])'/y;
        letter.lastIndex = this.#at;
        return character === "'" && letter.test(this.#text) ? plain : none;
      }
    }
  }

  /** The text of a template up to its end, or to the code in it. Says whether code follows. */
  #template(): boolean {
    this.#out.push(this.#text.charAt(this.#at));
    this.#at += 1;
    let end = this.#at;
    while (end < this.#text.length) {
      const next = this.#text.charAt(end);
      if (next === "\\") end += 2;
      else if (next === "`" || (next === "$" && this.#text.charAt(end + 1) === "{")) break;
      else end += 1;
    }
    this.#hide(end - this.#at, inner);
    const isCode = this.#text.charAt(this.#at) === "$";
    const stop = isCode ? "${" : "`";
    if (this.#at < this.#text.length) this.#out.push(stop);
    this.#at += stop.length;
    this.#last = isCode ? "{" : '"';
    this.#word = "";
    return isCode;
  }

  #isPattern(): boolean {
    return /^$|[(,=:[!&|?{};+\-*%<>~^]/u.test(this.#last) || beforePattern.test(this.#word.trimEnd());
  }

  #pattern(): void {
    let end = this.#at + 1;
    let isClass = false;
    while (end < this.#text.length) {
      const next = this.#text.charAt(end);
      if (next === "\n" || (next === "/" && !isClass)) break;
      if (next === "[") isClass = true;
      if (next === "]") isClass = false;
      end += next === "\\" ? 2 : 1;
    }
    this.#out.push("/");
    this.#at += 1;
    this.#hide(end - this.#at, inner);
    if (this.#text.charAt(this.#at) === "/") this.#code("/");
    this.#last = '"';
    this.#word = "";
  }
}
