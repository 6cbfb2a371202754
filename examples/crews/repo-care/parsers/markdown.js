// What the tools need of a Markdown parser: CommonMark with GitHub's additions, read into one tree with positions, and the
// anchors that GitHub gives to headings.
import { fromMarkdown } from "mdast-util-from-markdown";
import { gfmFromMarkdown } from "mdast-util-gfm";
import { gfm } from "micromark-extension-gfm";

export { default as Slugger, slug } from "github-slugger";

export function parseMarkdown(text) {
  return fromMarkdown(text, { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] });
}
