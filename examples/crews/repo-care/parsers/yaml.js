// What the tools need of a YAML parser: the nodes as written, with their places; nothing is expanded.
export { LineCounter, isAlias, isMap, isScalar, isSeq, parseDocument } from "yaml";
