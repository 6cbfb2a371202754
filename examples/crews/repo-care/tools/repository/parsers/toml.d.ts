/** What is wrong with a text. */
export class TomlError extends Error {
  readonly line: number;
  readonly column: number;
}

/** Reads TOML 1.0. Throws a TomlError when it is none. */
export function parseToml(text: string): Readonly<Record<string, unknown>>;
