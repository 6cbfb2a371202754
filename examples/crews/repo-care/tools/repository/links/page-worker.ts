/** Reads pages in a thread of its own, which can be ended: the text of one page in, the page or why there is none out. */
import { parentPort } from "node:worker_threads";
import { readPage } from "./read-page.ts";

parentPort?.on("message", (text: string) => {
  try {
    parentPort?.postMessage({ page: readPage(text) });
  } catch (problem) {
    if (!(problem instanceof RangeError)) throw problem;
    parentPort?.postMessage({ nested: true });
  }
});
