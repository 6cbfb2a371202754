// What the tools need of a TOML parser.
export { TomlError, parse as parseToml } from "smol-toml";
