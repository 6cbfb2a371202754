/** Reads pages in a process of its own, which can be ended: the text of one page in, the page or why there is none out. */
import { readPage } from "./read-page.ts";

process.on("message", (text: string) => {
  try {
    process.send?.({ page: readPage(text) });
  } catch (problem) {
    if (!(problem instanceof RangeError)) throw problem;
    process.send?.({ nested: true });
  }
});
// Whoever asked is gone, and nobody reads the answer.
process.on("disconnect", () => process.exit());
