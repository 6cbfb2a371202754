/**
 * Reads a script of a shell: the simple commands that it would run, and the variables that it sets and uses. Nothing is expanded
 * and nothing run. Each character is read once; what is nested too deep is left out.
 * Source: https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html.
 */

/** One word, without its quotes. */
export interface ShellWord {
  readonly text: string;
  readonly line: number;
  readonly literal: boolean; // false when something in it is expanded or is a pattern
}

/** One simple command: its words, redirections and assignments left out. */
export interface ShellCommand {
  readonly words: readonly [ShellWord, ...ShellWord[]];
  /** What stands behind it; `end` is the end of a line or a list. */
  readonly then: "&&" | "||" | "|" | "&" | "end";
}

/** What a script has. */
export interface ShellScript {
  readonly commands: readonly ShellCommand[];
  readonly functions: ReadonlySet<string>;
  readonly assigned: ReadonlySet<string>;
  readonly used: readonly { readonly name: string; readonly line: number }[];
}

const nestingMax = 40;
/** Characters that make a word a pattern, or that stand for a folder of somebody. */
const patterned: ReadonlySet<string> = new Set("*?[{~");
/** Characters that a backslash in double quotes takes the meaning from. */
const escapable: ReadonlySet<string> = new Set('"\\$`');

/**
 * Reads a script.
 * @returns its commands in the order they are written, and its variables
 */
export function readShell(text: string, firstLine = 1): ShellScript {
  const reader = new ShellReader(text, firstLine);
  reader.list(0, undefined);
  return reader;
}

const openers: ReadonlySet<string> = new Set([
  "if",
  "then",
  "elif",
  "else",
  "while",
  "until",
  "do",
  "!",
  "{",
  "time",
  "coproc",
]);
const closers: ReadonlySet<string> = new Set(["fi", "done", "}", "esac"]);
const setters: ReadonlySet<string> = new Set(["export", "local", "declare", "readonly", "typeset"]);
const readers: ReadonlySet<string> = new Set(["read", "mapfile", "readarray", "getopts"]);
const name = /[A-Za-z_]\w*/y;

class ShellReader implements ShellScript {
  readonly commands: ShellCommand[] = [];
  readonly functions = new Set<string>();
  readonly assigned = new Set<string>();
  readonly used: { name: string; line: number }[] = [];
  readonly #text: string;
  readonly #documents: { readonly end: string; readonly tabs: boolean; readonly plain: boolean }[] = [];
  #at = 0;
  #line: number;
  #backticks = 0;

  constructor(text: string, line: number) {
    this.#text = text;
    this.#line = line;
  }

  /** Reads commands up to a closing character, or to the end. */
  list(depth: number, close: ")" | "`" | undefined): void {
    let words: ShellWord[] = [];
    const cases: ("word" | "patterns" | "commands")[] = [];
    const end = (then: ShellCommand["then"]): void => {
      if (cases.at(-1) !== "patterns") this.#command(words, then);
      words = [];
    };
    while (this.#at < this.#text.length) {
      const character = this.#text.charAt(this.#at);
      if (character === close && !(close === ")" && cases.at(-1) === "patterns")) {
        end("end");
        this.#at += 1;
        return;
      }
      // What is open in here is closed by what is open around it.
      if (character === "`" && this.#backticks > 0) return;
      if (character === "\n") {
        end("end");
        this.#newLine();
      } else if (character === " " || character === "\t" || character === "\r") this.#at += 1;
      else if (this.#text.startsWith("\\\n", this.#at)) {
        this.#at += 2;
        this.#line += 1;
      } else if (character === "#") this.#toLineEnd();
      else if (character === ";" || character === "&" || character === "|") {
        const turn = this.#operator(character);
        if (turn === ";;") {
          end("end");
          if (cases.at(-1) === "commands") cases[cases.length - 1] = "patterns";
        } else end(turn);
      } else if (character === "(") {
        this.#open(words, depth);
        words = [];
      } else if (character === ")") {
        this.#at += 1;
        if (cases.at(-1) === "patterns") cases[cases.length - 1] = "commands";
        else end("end");
        words = [];
      } else if (character === "<" || character === ">") this.#redirection(depth);
      else {
        const word = this.#word(depth, words.length === 0);
        if (word === undefined) continue;
        words.push(word);
        if (this.#turn(words, cases)) words = [];
      }
    }
    end("end");
  }

  /** Acts on words that open or close something. Says whether the words so far are done with. */
  #turn(words: readonly ShellWord[], cases: ("word" | "patterns" | "commands")[]): boolean {
    const [first, second, third] = words;
    const last = words.at(-1);
    if (first === undefined || last === undefined) return false;
    if (cases.at(-1) === "patterns") {
      if (words.length === 1 && last.text === "esac") cases.pop();
      return last.text === "esac";
    }
    if (words.length === 1) {
      if (closers.has(first.text)) {
        if (first.text === "esac") cases.pop();
        return true;
      }
      if (first.text === "[[") this.#past("]]");
      return openers.has(first.text) || first.text === "[[";
    }
    if (first.text === "case" && words.length === 3 && third?.text === "in") {
      cases.push("patterns");
      return true;
    }
    if (first.text === "function" && words.length === 2 && second !== undefined) {
      this.functions.add(second.text);
      return true;
    }
    return false;
  }

  #command(words: readonly ShellWord[], then: ShellCommand["then"]): void {
    const [first, ...rest] = words;
    if (first === undefined) return;
    if (first.text === "for" || first.text === "select") {
      this.assigned.add(rest[0]?.text ?? "");
      return;
    }
    if (first.text === "case" || first.text === "function") return;
    if (setters.has(first.text)) {
      for (const { text } of rest) {
        const set = /^([A-Za-z_]\w*)(=?)/u.exec(text);
        if (set !== null && (set[2] === "=" || first.text !== "export")) this.assigned.add(set[1] ?? "");
      }
      return;
    }
    if (readers.has(first.text)) for (const { text } of rest) if (/^[A-Za-z_]\w*$/u.test(text)) this.assigned.add(text);
    if (first.text === "printf" && rest[0]?.text === "-v") this.assigned.add(rest[1]?.text ?? "");
    this.commands.push({ words: [first, ...rest], then });
  }

  #operator(character: string): ShellCommand["then"] | ";;" {
    const two = this.#text.slice(this.#at, this.#at + 2);
    this.#at += two === "&&" || two === "||" || two === ";;" || two === ";&" || two === "|&" ? 2 : 1;
    if (two === ";;" || two === ";&") {
      if (this.#text[this.#at] === "&") this.#at += 1;
      return ";;";
    }
    if (two === "&&" || two === "||") return two;
    if (two === "&>") {
      this.#redirection(0);
      return "end";
    }
    return character === "|" ? "|" : character === "&" ? "&" : "end";
  }

  /** An opening parenthesis: arithmetic, a function, or commands, which are read on. */
  #open(words: readonly ShellWord[], depth: number): void {
    const [first] = words;
    if (this.#text.startsWith("((", this.#at) && (first === undefined || first.text === "for")) {
      this.#arithmetic();
      return;
    }
    this.#at += 1;
    const behind = /[ \t]*\)/y;
    behind.lastIndex = this.#at;
    if (first !== undefined && words.length === 1 && behind.test(this.#text)) {
      this.functions.add(first.text);
      this.#at = behind.lastIndex;
    } else if (depth > nestingMax) this.#at = this.#text.length;
  }

  #redirection(depth: number): void {
    const match = /(?:<<<|<<-?|<>|<&|>>|>&|>\||<|>)/y;
    match.lastIndex = this.#at;
    const operator = match.exec(this.#text)?.[0] ?? "<";
    this.#at += operator.length;
    if (operator.length === 1 && this.#text[this.#at] === "(") {
      this.#at += 1;
      this.#nested(depth, ")");
      return;
    }
    while (/[ \t]/u.test(this.#text.charAt(this.#at))) this.#at += 1;
    const start = this.#at;
    const word = this.#word(depth);
    if ((operator === "<<" || operator === "<<-") && word !== undefined)
      this.#documents.push({
        end: word.text,
        tabs: operator === "<<-",
        plain: isQuoted(this.#text.slice(start, this.#at)),
      });
  }

  /** The end of a line, and the documents that stand below it. */
  #newLine(): void {
    this.#at += 1;
    this.#line += 1;
    for (const { end, tabs, plain } of this.#documents.splice(0)) {
      while (this.#at < this.#text.length) {
        const stop = this.#text.indexOf("\n", this.#at);
        const line = this.#text.slice(this.#at, stop < 0 ? undefined : stop);
        if (!plain)
          for (const match of line.matchAll(/(?<!\\)\$\{?([A-Za-z_]\w*)/gu))
            this.used.push({ name: match[1] ?? "", line: this.#line });
        this.#at = stop < 0 ? this.#text.length : stop + 1;
        if (stop >= 0) this.#line += 1;
        if ((tabs ? line.replace(/^\t+/u, "") : line) === end) break;
      }
    }
  }

  /** One word. Undefined for an assignment before a command, which is noted, and for the number of a redirection. */
  #word(depth: number, first = false): ShellWord | undefined {
    const line = this.#line;
    let [text, literal] = ["", true];
    const add = (piece: { readonly text: string; readonly literal: boolean }): void => {
      text += piece.text;
      literal &&= piece.literal;
    };
    while (this.#at < this.#text.length) {
      const character = this.#text.charAt(this.#at);
      if (/[\s;&|()<>]/u.test(character) || (character === "`" && this.#backticks > 0)) break;
      if (character === "'") add({ text: this.#single(), literal: true });
      else if (character === '"') add(this.#double(depth));
      else if (character === "\\") {
        this.#at += 2;
        const escaped = this.#text.charAt(this.#at - 1);
        if (escaped === "\n") this.#line += 1;
        else add({ text: escaped, literal: true });
      } else if (character === "$" || character === "`") add(this.#expansion(depth));
      else {
        this.#at += 1;
        add({ text: character, literal: !patterned.has(character) });
      }
    }
    if ((this.#text[this.#at] === "<" || this.#text[this.#at] === ">") && /^\d+$/u.test(text)) return undefined;
    if (this.#text[this.#at] === "(" && text.endsWith("=") && depth <= nestingMax) this.#array(depth + 1);
    const set = first ? /^([A-Za-z_]\w*)(?:\[[^\]]*\])?\+?=/u.exec(text) : null;
    if (set === null) return { text, line, literal };
    this.assigned.add(set[1] ?? "");
    return undefined;
  }

  #array(depth: number): void {
    this.#at += 1;
    while (this.#at < this.#text.length && this.#text[this.#at] !== ")") {
      const character = this.#text.charAt(this.#at);
      if (character === "`" && this.#backticks > 0) return;
      if (character === "\n") {
        this.#at += 1;
        this.#line += 1;
      } else if (character === "#") this.#toLineEnd();
      else if (/[\s;&|(<>]/u.test(character)) this.#at += 1;
      else this.#word(depth);
    }
    this.#at += 1;
  }

  #single(): string {
    const stop = this.#text.indexOf("'", this.#at + 1);
    const end = stop < 0 ? this.#text.length : stop;
    const inner = this.#text.slice(this.#at + 1, end);
    this.#count(inner);
    this.#at = end + 1;
    return inner;
  }

  #double(depth: number): { readonly text: string; readonly literal: boolean } {
    this.#at += 1;
    let [text, literal] = ["", true];
    while (this.#at < this.#text.length) {
      const character = this.#text.charAt(this.#at);
      if (character === '"') break;
      if (character === "\\") {
        const next = this.#text.charAt(this.#at + 1);
        this.#count(next);
        text += escapable.has(next) ? next : next === "\n" ? "" : `\\${next}`;
        this.#at += 2;
      } else if (character === "$" || character === "`") {
        const piece = this.#expansion(depth);
        text += piece.text;
        literal &&= piece.literal;
      } else {
        this.#count(character);
        text += character;
        this.#at += 1;
      }
    }
    this.#at += 1;
    return { text, literal };
  }

  /** Something that the shell puts another text in the place of. */
  #expansion(depth: number): { readonly text: string; readonly literal: boolean } {
    const start = this.#at;
    const two = this.#text.slice(start, start + 2);
    if (depth > nestingMax) {
      this.#at += 1;
    } else if (two.startsWith("`")) {
      this.#at += 1;
      this.#nested(depth, "`");
    } else if (this.#text.startsWith("$((", start)) {
      this.#at += 1;
      this.#arithmetic();
    } else if (two === "$(") {
      this.#at += 2;
      this.#nested(depth, ")");
    } else if (two === "${") this.#parameter(depth);
    else if (two === "$'") {
      this.#at += 1;
      return { text: this.#single(), literal: true };
    } else {
      name.lastIndex = start + 1;
      const used = name.exec(this.#text)?.[0];
      if (used === undefined) {
        const special = /[@*#?$!\d-]/u.test(two.slice(1));
        this.#at += special ? 2 : 1;
        return { text: special ? "" : "$", literal: !special };
      }
      this.used.push({ name: used, line: this.#line });
      this.#at = start + 1 + used.length;
    }
    return { text: "", literal: false };
  }

  #parameter(depth: number): void {
    this.#at += 2;
    name.lastIndex = this.#at;
    const used = name.exec(this.#text)?.[0];
    if (used !== undefined) {
      const line = this.#line;
      this.#at += used.length;
      if (this.#text.startsWith(":=", this.#at) || this.#text.startsWith("=", this.#at)) this.assigned.add(used);
      this.used.push({ name: used, line });
    }
    while (this.#at < this.#text.length && this.#text[this.#at] !== "}") {
      const character = this.#text.charAt(this.#at);
      if (character === "'") this.#single();
      else if (character === '"') this.#double(depth + 1);
      else if (character === "\\") this.#at += 2;
      else if (character === "`" && this.#backticks > 0) return;
      else if (character === "`" || (character === "$" && this.#isNamed(this.#at + 1))) this.#expansion(depth + 1);
      else {
        this.#count(character);
        this.#at += 1;
      }
    }
    this.#at += 1;
  }

  #nested(depth: number, close: ")" | "`"): void {
    if (depth >= nestingMax) {
      this.#at = this.#text.length;
      return;
    }
    this.#backticks += close === "`" ? 1 : 0;
    this.list(depth + 1, close);
    this.#backticks -= close === "`" ? 1 : 0;
  }

  /** Past arithmetic in double parentheses; the names in it are not looked at. */
  #arithmetic(): void {
    let open = 0;
    while (this.#at < this.#text.length) {
      const character = this.#text.charAt(this.#at);
      this.#count(character);
      this.#at += 1;
      if (character === "(") open += 1;
      else if (character === ")") open -= 1;
      if (open === 0) return;
    }
  }

  #past(text: string): void {
    const stop = this.#text.indexOf(text, this.#at);
    const end = stop < 0 ? this.#text.length : stop + text.length;
    const inner = this.#text.slice(this.#at, end);
    for (const match of inner.matchAll(/\$\{?([A-Za-z_]\w*)/gu))
      this.used.push({ name: match[1] ?? "", line: this.#line });
    this.#count(inner);
    this.#at = end;
  }

  /** Whether what stands behind a dollar sign starts an expansion with a name. */
  #isNamed(at: number): boolean {
    const next = this.#text.charAt(at);
    return next === "(" || next === "{" || /[A-Za-z_]/u.test(next);
  }

  #toLineEnd(): void {
    const stop = this.#text.indexOf("\n", this.#at);
    this.#at = stop < 0 ? this.#text.length : stop;
  }

  #count(text: string): void {
    for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) this.#line += 1;
  }
}

/** Whether the word at the end of a document stands in quotes, so that nothing in the document is expanded. */
function isQuoted(word: string): boolean {
  return word.includes('"') || word.includes("'") || word.includes("\\");
}
